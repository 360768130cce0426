"""Viewers of a run that measures its test set: they are answered before the measurement ends."""

from __future__ import annotations

import pytest

from tests.conformance.embedded import make_engine
from tests.run.fake_engine import FakeEngine
from tests.run.test_viewers import Flight
from tuitrain.commands import Freeze, parse
from tuitrain.run.checkpoint_policy import CheckpointPolicy
from tuitrain.run.live.boundary import Boundary
from tuitrain.run.session import Session
from tuitrain.run.session_state import PlannedCommand
from tuitrain.run.snapshot import Phase

EPOCH = 7
"""Steps; the test set is measured after them."""

SETTINGS = (
    "lr all 0.2",
    "lr all x0.5",
    "schedule all cosine to 0 over 50 steps",
    "clip norm 1",
    "pause",
    "step 3",
)
OTHERS = ("freeze all", "rewind 5", "checkpoint here", "break when accuracy >= 0.01", "stop")


class Measurement:
    """The measurement after an epoch, with commands that arrive at its first batch.

    Parameters
    ----------
    texts : the commands
    at : the step that they wait for; None for the next boundary
    options : of the session
    """

    def __init__(self, *texts: str, at: int | None = None, **options) -> None:
        self.engine = FakeEngine()
        self.flight = Flight(self.engine, 100)
        self.flight.session = Session(self.engine, self.flight.session.info, **options)
        self.flight.boundary = Boundary(self.flight.session, self.flight.access, self.flight.clock)
        self.viewer = self.flight.access.open_viewer()
        self.flight.visit()
        self._texts, self._at = list(texts), at
        self.seen: list[list[str]] = []
        self.engine.before_batch = self._look
        self.flight.boundary.run_burst()

    def _look(self) -> None:
        journal = self.viewer.snapshot().journal
        self.seen.append([f"{entry.outcome} {entry.command}" for entry in journal])
        for text in self._texts:
            self.viewer.submit(parse(text), at=self._at)
        self._texts = []

    @property
    def answers(self) -> list[str]:
        """What a viewer has seen of the journal before the last batch."""
        assert (self.flight.session.step, len(self.seen)) == (EPOCH, FakeEngine.test_batches)
        return self.seen[-1]


@pytest.mark.parametrize("text", SETTINGS)
def test_settings_are_answered_between_two_batches(text):
    run = Measurement(text)
    assert run.answers == [f"applied {text}"]
    assert run.engine.evaluated_at == [EPOCH]


@pytest.mark.parametrize("text", OTHERS)
def test_other_commands_wait_for_the_end_and_later_ones_with_them(text):
    run = Measurement(text, "lr all 0.2")
    assert run.answers == []
    run.flight.visit()
    journal = run.viewer.snapshot().journal
    assert (journal[0].step, journal[0].command) == (EPOCH, text)


def test_a_question_is_answered_from_the_boundary_that_is_measured():
    steps: list[tuple[int, int]] = []
    engine = FakeEngine()
    flight = Flight(engine, 100)
    flight.visit()

    def ask() -> None:
        viewer = flight.access.open_viewer()
        engine.before_batch = lambda: steps.append(
            (viewer.snapshot().step, len(engine.evaluated_at))
        )

    engine.before_batch = ask
    flight.boundary.run_burst()
    assert steps == [(EPOCH, 0), (EPOCH, 0)]


def test_a_command_for_a_later_step_is_scheduled_at_once():
    run = Measurement("freeze all", at=25)
    assert [one.step for one in run.viewer.snapshot().scheduled] == [25]


def test_a_pause_holds_the_run_after_the_measurement():
    run = Measurement("pause")
    assert run.flight.session.phase is Phase.PAUSED
    assert run.flight.session.metrics.are_measured()


@pytest.mark.parametrize(
    "options",
    [
        {"policy": CheckpointPolicy(7, 7, 14)},
        {"policy": CheckpointPolicy(7, 14, 7)},
        {"planned": [PlannedCommand(EPOCH, Freeze("all"))]},
        {"stops": [EPOCH]},
    ],
    ids=["digest", "checkpoint", "plan", "expectation"],
)
def test_settings_wait_where_more_is_recorded(options):
    assert Measurement("lr all 0.2", **options).answers == []


def test_settings_wait_while_a_record_is_repeated():
    engine = FakeEngine()
    flight = Flight(engine, 100)
    viewer = flight.access.open_viewer()
    flight.visit()
    flight.boundary.defers_commands = True
    engine.before_batch = lambda: viewer.submit(parse("lr all 0.2"))
    flight.boundary.run_burst()
    assert len(flight.session.journal) == 0


def test_settings_change_nothing_of_what_is_measured():
    engine, plain = make_engine(), make_engine()
    for one in (engine, plain):
        one.run(3, lambda: False)
    group, calls = engine.groups()[0].name, list[str]()

    def change() -> None:
        calls.append(f"lr {group} 0.{len(calls) + 1}")
        engine.apply(parse(calls[-1]))
        engine.apply(parse("clip norm 1"))

    assert engine.evaluate(change) == plain.evaluate()
    assert calls
