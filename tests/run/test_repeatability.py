"""Steps that do not repeat are noticed when they are retrained, and the run continues."""

import pytest

from tests.run.fake_engine import FakeEngine
from tuitrain.commands import parse
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Phase, RunInfo


class DriftingEngine(FakeEngine):
    """An engine whose losses depend on how many steps it has ever taken."""

    taken = 0
    drift = 0.0

    def run(self, *arguments, **named):
        losses = super().run(*arguments, **named)
        self.taken += len(losses)
        return [loss + self.drift * self.taken for loss in losses]


@pytest.mark.parametrize("drift", [0.0, 1e-9])
def test_steps_that_do_not_repeat_are_noticed_once(drift):
    engine, warnings = DriftingEngine(), []
    engine.drift = drift
    session = Session(engine, RunInfo("test", "fake", "none", 0, 4, 10, 100))
    session.on_warning = warnings.append
    for command in ("rewind 12", "rewind 7"):
        session.phase = Phase.RUNNING
        while session.step < 30:
            session.run_burst(max_steps=30 - session.step)
        assert session.apply_command(parse(command), "api", 1).outcome == "applied"
    assert session.step == 7
    noticed = [text for text in warnings if "do not repeat exactly" in text]
    assert len(noticed) == bool(drift)
    assert all(text.startswith("step ") for text in noticed)
