"""Steps that do not repeat are noticed when they are retrained, and the run continues."""

import numpy as np
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
    session.warnings.on_warning = warnings.append
    for command in ("rewind 12", "rewind 7"):
        session.phase = Phase.RUNNING
        while session.step < 30:
            session.run_burst(max_steps=30 - session.step)
        assert session.apply_command(parse(command), "api", 1).outcome == "applied"
    assert session.step == 7
    noticed = [text for text in warnings if "cannot be repeated exactly" in text]
    assert len(noticed) == bool(drift)
    assert all(text.startswith("step ") for text in noticed)


class DriftingWeights(FakeEngine):
    """An engine whose parameters depend on how many steps it has ever taken, but not its losses."""

    taken = 0
    drift = 0.0

    def run(self, *arguments, **named):
        losses = super().run(*arguments, **named)
        self.taken += len(losses)
        return losses

    def parameters(self):
        return {"w": np.full(2, self.step + self.drift * self.taken)}


def train(session: Session, step: int) -> None:
    session.phase = Phase.RUNNING
    while session.step < step:
        session.run_burst(max_steps=step - session.step)


@pytest.mark.parametrize("drift", [0.0, 1e-9])
@pytest.mark.parametrize(
    ("commands", "step"),
    [
        (["try lr all 0.1, 0.2 for 3 steps"], 57),
        (["rewind 50"], 50),
        (["rewind 12", "branch main"], 57),
    ],
    ids=["a try", "to a cached state", "back to a tip"],
)
def test_an_update_that_does_not_repeat_is_noticed_at_the_end(drift, commands, step):
    engine, warnings = DriftingWeights(), []
    engine.drift = drift
    session = Session(engine, RunInfo("test", "fake", "none", 0, 4, 10, 100))
    session.warnings.on_warning = warnings.append
    train(session, 57)
    for command in commands:
        assert session.apply_command(parse(command), "api", 1).outcome == "applied"
    assert session.step == step
    noticed = [text for text in warnings if "cannot be repeated exactly" in text]
    start = f"step {step} was trained again and left other parameters than before: "
    assert [text.startswith(start) for text in noticed] == [True] * bool(drift)


def test_a_rewind_to_a_step_without_a_known_state_compares_nothing():
    engine, warnings = DriftingWeights(), []
    engine.drift = 1e-9
    session = Session(engine, RunInfo("test", "fake", "none", 0, 4, 10, 100))
    session.warnings.on_warning = warnings.append
    train(session, 57)
    assert session.apply_command(parse("rewind 12"), "api", 1).outcome == "applied"
    assert warnings == []
