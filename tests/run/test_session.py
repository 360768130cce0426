"""A session at its boundaries: its actions and their order."""

import math

import pytest

from tests.run.fake_engine import FakeEngine
from tuitrain.commands import Freeze, Pause, Resume, SetLr, Step, Stop, parse
from tuitrain.run.session import PlannedCommand, Session
from tuitrain.run.snapshot import Phase, RunInfo


def make(engine=None, total=30, planned=(), stops=()) -> Session:
    info = RunInfo("test", "fake", "none", 0, 4, 10, total)
    return Session(engine or FakeEngine(), info, planned, stops)


def apply(session: Session, text: str):
    return session.apply_command(parse(text), "api", 1)


def test_bursts_end_at_epochs_stops_planned_commands_and_the_end():
    session = make(total=25, planned=[PlannedCommand(12, Stop())], stops=[3])
    steps = []
    while session.phase is Phase.RUNNING:
        session.run_burst()
        steps.append(session.step)
    assert steps == [3, 10, 12, 20, 25]
    assert session.phase is Phase.FINISHED


def test_planned_commands_are_applied_before_their_step_in_the_given_order():
    plan = [
        PlannedCommand(10, SetLr("a", 1.0)),
        PlannedCommand(0, Freeze("a")),
        PlannedCommand(10, SetLr("a", 2.0)),
    ]
    session = make(planned=plan)
    while session.phase is Phase.RUNNING:
        session.apply_planned()
        session.run_burst()
    assert session.engine.applied == [
        (0, Freeze("a")),
        (10, SetLr("a", 1.0)),
        (10, SetLr("a", 2.0)),
    ]
    assert [entry.step for entry in session.journal.entries()] == [0, 10, 10]
    assert {entry.actor for entry in session.journal.entries()} == {"scenario"}


def test_every_command_is_applied_unchanged_or_refused():
    session = make()
    session.run_burst(max_steps=1)
    outcomes = [apply(session, text) for text in ("freeze a", "freeze again", "freeze nothing")]
    assert [(e.outcome, e.step) for e in outcomes] == [
        ("applied", 1),
        ("unchanged", 1),
        ("refused", 1),
    ]
    assert outcomes[2].message == "no group is called 'nothing'"


def test_step_takes_that_many_steps_and_pauses():
    session = make()
    apply(session, "pause")
    apply(session, "step 12")
    while session.phase is Phase.RUNNING:
        session.run_burst()
    assert (session.step, session.phase) == (12, Phase.PAUSED)


def test_step_says_when_fewer_are_left():
    session = make(total=5)
    entry = apply(session, "step 10")
    assert "only 5 are left" in entry.message
    entry = apply(make(total=1), "step 10")
    assert entry.message.endswith("only 1 is left")


def test_pausing_in_the_middle_of_a_count_ends_the_count():
    session = make()
    apply(session, "step 5")
    session.run_burst(max_steps=1)
    apply(session, "pause")
    apply(session, "resume")
    session.run_burst()
    assert session.step == 10


def test_pause_and_resume_that_change_nothing_say_so():
    session = make()
    assert apply(session, "resume").outcome == "unchanged"
    assert apply(session, "pause").outcome == "applied"
    assert apply(session, "pause").outcome == "unchanged"


def test_a_preview_gives_the_size_of_the_next_update_and_changes_nothing():
    session = make()
    entry = apply(session, "preview lr all x2")
    assert entry.outcome == "unchanged"
    assert entry.message == "all: next |Δw|/|w| 0.2 instead of 0.1, x2"
    assert session.engine.applied == []


@pytest.mark.parametrize("command", [Pause(), Resume(), Step(), Stop(), Freeze("a")])
def test_after_the_end_everything_is_refused(command):
    session = make()
    apply(session, "stop")
    entry = session.apply_command(command, "key", 7)
    assert (entry.outcome, entry.ticket) == ("refused", 7)
    assert "the run has ended (stopped at step 0)" in entry.message


def test_accuracy_is_measured_once_at_each_epochs_end_and_at_the_end():
    session = make(total=25)
    while session.phase is Phase.RUNNING:
        session.run_burst()
    session.metrics.of_test_set()
    assert session.engine.evaluated_at == [10, 20, 25]
    assert session.snapshot().metrics["accuracy"].values.tolist() == [0.1, 0.2, 0.25]


def test_train_loss_is_the_mean_of_the_present_epoch():
    session = make()
    assert math.isnan(session.metrics.train_loss())
    session.run_burst()
    assert session.metrics.train_loss() == sum(range(1, 11)) / 10
    session.run_burst(max_steps=12 - session.step)
    assert session.metrics.train_loss() == (11 + 12) / 2


def test_a_loss_that_is_not_finite_is_shown_with_its_step():
    engine = FakeEngine()
    engine.nan_at = 7
    session = make(engine)
    session.run_burst()
    session.run_burst()
    assert session.snapshot().note == "loss is not finite since step 7"
    assert not math.isnan(session.metrics.train_loss())
