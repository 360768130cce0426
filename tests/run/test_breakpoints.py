"""Breakpoints: the run pauses before the update, says why, and can go on as if it had not."""

import numpy as np
import pytest

from tests.engines.conftest import make_engine
from tuitrain.commands import parse
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Phase, RunInfo


def make(total: int = 60) -> Session:
    engine = make_engine()
    return Session(engine, RunInfo("test", "small", "digits", 0, 8, engine.steps_per_epoch, total))


def do(session: Session, text: str, outcome: str = "applied") -> str:
    entry = session.apply_command(parse(text), "api", 1)
    assert entry.outcome == outcome, entry.message
    return entry.message


def run_to(session: Session, step: int) -> None:
    while session.step < step:
        session.run_burst(max_steps=step - session.step)


def fly(session: Session) -> None:
    while session.phase is Phase.RUNNING:
        session.run_burst()


def poison(session: Session, name: str) -> None:
    """Let a parameter be infinite, as a bug would."""
    state = session.engine.state()
    state.parameters[name].ravel()[0] = np.inf
    session.engine.load_state(state)


def count_questions(session: Session) -> list[int]:
    """Note the steps that are checked before their update, because they may be held."""
    checked: list[int] = []
    run = session.engine.run

    def noting_run(steps, should_stop, should_hold=None, condition=None):
        def noting_hold(step):
            checked.append(session.step)
            return should_hold(step)

        return run(steps, should_stop, should_hold and noting_hold, condition)

    session.engine.run = noting_run
    return checked


def test_nan_pauses_before_the_update_and_names_the_parameter():
    session = make()
    do(session, "break when nan")
    run_to(session, 6)
    poison(session, "head.bias")
    before = session.engine.digest()
    fly(session)
    assert (session.phase, session.step, session.engine.digest()) == (Phase.PAUSED, 6, before)
    entry = session.journal.entries()[-1]
    assert (entry.actor, entry.step) == ("breakpoint", 6)
    assert entry.message.startswith("break before step 7 is applied: loss is nan")
    assert "the gradient of" in entry.message
    assert not np.isfinite(session.engine.gradient("head.bias")).all()


def test_a_run_that_was_held_goes_on_with_the_same_bits():
    broken, straight = make(), make()
    do(broken, "break when grad_norm fc > 0")
    breaks = 0
    while broken.phase is not Phase.FINISHED:
        fly(broken)
        breaks += broken.phase is Phase.PAUSED
        if broken.phase is Phase.PAUSED:
            do(broken, "resume")
    fly(straight)
    assert breaks == 60
    assert broken.engine.digest() == straight.engine.digest()
    assert broken.snapshot().loss.values.tolist() == straight.snapshot().loss.values.tolist()


def test_the_reason_says_by_how_much():
    session = make()
    run_to(session, 12)
    do(session, "break when loss > x0")
    fly(session)
    message = session.journal.entries()[-1].message
    assert (session.step, session.phase) == (12, Phase.PAUSED)
    assert "loss " in message
    assert "is above 0 x" in message


def test_the_loss_is_not_compared_before_there_is_an_average():
    session = make(total=9)
    do(session, "break when loss > x0")
    fly(session)
    assert session.phase is Phase.FINISHED


def test_an_accuracy_that_is_reached_pauses_at_the_epochs_end():
    session = make()
    do(session, "break when accuracy >= 0")
    asked = count_questions(session)
    fly(session)
    assert session.phase is Phase.PAUSED
    assert session.step == session.info.steps_per_epoch
    assert asked == []
    assert "accuracy" in session.journal.entries()[-1].message


def kill(session: Session, units: int) -> None:
    """Let the first so many units of the fc layer never fire again."""
    state = session.engine.state()
    state.parameters["fc.weight"][:units] = 0
    state.parameters["fc.bias"][:units] = -1
    session.engine.load_state(state)


def test_dead_units_pause_before_the_update_and_are_counted_by_name():
    session = make()
    do(session, "optimizer fc sgd momentum=0 weight_decay=0")
    kill(session, 4)
    do(session, "break when dead units of fc > 50%")
    run_to(session, 6)
    kill(session, 5)
    before = session.engine.digest()
    fly(session)
    assert (session.phase, session.step, session.engine.digest()) == (Phase.PAUSED, 6, before)
    assert session.breakpoint_reason == (
        "break before step 7 is applied: 5 of the 8 units of fc.weight are dead (62.5%, above 50%)"
    )
    do(session, "break off")
    do(session, "resume")
    fly(session)
    assert session.phase is Phase.FINISHED


@pytest.mark.parametrize(("groups", "at"), [("conv", 20), ("fc", 10), ("*", 10), ("*c", 10)])
def test_a_condition_on_dead_units_is_of_its_groups_alone(groups, at):
    session = make(total=20)
    run_to(session, 10)
    do(session, f"break when dead units of {groups} > 99%")
    kill(session, 8)
    fly(session)
    assert session.step == at
    assert (session.phase is Phase.PAUSED) == (at == 10)


def test_a_run_with_an_eye_on_dead_units_has_the_same_bits():
    watched, straight = make(), make()
    do(watched, "break when dead units of * > 99%")
    fly(watched)
    fly(straight)
    assert watched.phase is Phase.FINISHED
    assert watched.engine.digest() == straight.engine.digest()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("break when grad_norm cov > 10", "no group is called 'cov', did you mean 'conv'?"),
        ("break when dead units of fcc > 10%", "no group is called 'fcc', did you mean 'fc'?"),
        ("break when grad_norm fc.weight > 10", "make it a group first: group NAME = fc.weight"),
        ("break when dead units of top > 10%", "no layer of top is followed by a ReLU (groups"),
    ],
)
def test_a_condition_that_could_never_hold_is_refused(text, told):
    session = make()
    do(session, "group top = head.*")
    assert told in do(session, text, "refused")
    assert session.breakpoints.texts() == ()


def test_a_norm_can_be_watched_in_several_groups_and_the_one_is_named():
    session = make()
    do(session, "freeze conv")
    do(session, "break when grad_norm * > 0")
    fly(session)
    assert "grad_norm of fc is" in session.breakpoint_reason


@pytest.mark.parametrize("condition", ["grad_norm fc > 99999", "dead units of fc > 99%"])
def test_a_condition_whose_group_goes_is_told(condition):
    session = make()
    do(session, f"break when {condition}")
    message = do(session, "group all = *")
    assert message.endswith("; no group is left that `break when " + condition + "` watches")
    assert "watches" not in do(session, "group all = fc.*", "unchanged")
    assert "watches" not in do(session, "undo")
    fly(session)
    assert session.phase is Phase.FINISHED


def test_why_it_broke_is_noted_until_the_run_goes_on():
    session = make()
    do(session, "break when grad_norm fc > 0")
    fly(session)
    assert session.snapshot().note.startswith("break before step 1 is applied: grad_norm of fc is")
    do(session, "lr fc 0.1")
    assert session.snapshot().note.startswith("break before step 1")
    do(session, "resume")
    assert session.snapshot().note == ""


def test_a_run_that_ends_ends_and_does_not_break():
    session = make(total=7)
    do(session, "break when accuracy >= 0")
    fly(session)
    assert session.phase is Phase.FINISHED
    assert [each.actor for each in session.journal.entries()] == ["api"]


def test_breakpoints_are_shown_and_can_be_taken_away():
    session = make()
    do(session, "break when nan")
    do(session, "break when nan", "unchanged")
    do(session, "break when grad_norm conv > 10")
    assert session.snapshot().breakpoints == ("break when nan", "break when grad_norm conv > 10")
    assert do(session, "break off") == "2 taken away"
    do(session, "break off", "unchanged")
    fly(session)
    assert session.phase is Phase.FINISHED


def test_one_breakpoint_can_be_taken_away():
    session = make()
    do(session, "break when nan")
    do(session, "break when loss > x2")
    assert do(session, "break off nan") == "1 left"
    assert session.snapshot().breakpoints == ("break when loss > x2",)
    told = do(session, "break off nan", "refused")
    assert told == "'nan' is no breakpoint here; set are loss > x2"


def test_after_a_rewind_to_where_it_broke_it_breaks_there_again():
    session = make()
    run_to(session, 15)
    do(session, "break when loss > x0")
    fly(session)
    assert session.step == 15
    do(session, "freeze conv")
    do(session, "rewind 15")
    do(session, "resume")
    fly(session)
    assert (session.step, session.phase) == (15, Phase.PAUSED)


def test_a_step_that_is_held_keeps_no_state_of_after_what_was_decided_there():
    session = make(total=120)
    run_to(session, 100)
    session.timeline.discard_state(100)  # as if it had been thinned out
    do(session, "freeze conv")
    do(session, "break when loss > x0")
    fly(session)
    assert session.step == 100
    do(session, "break off")
    do(session, "resume")
    run_to(session, 103)
    do(session, "undo")
    straight = make(total=120)
    run_to(straight, 103)
    assert session.engine.groups()[0].frozen_since is None
    assert session.engine.digest() == straight.engine.digest()


@pytest.mark.parametrize("text", ["break when nan", "break off"])
def test_breakpoints_do_not_train(text):
    session, other = make(), make()
    session.apply_command(parse(text), "api", 1)
    fly(session)
    fly(other)
    assert session.engine.digest() == other.engine.digest()
    assert session.timeline.branch.decisions == []


@pytest.mark.parametrize("seldom", ["nan", "loss > x50", "grad_norm * > 1e9"])
def test_steps_that_nothing_could_hold_are_taken_many_at_a_time(seldom):
    watched, straight = make(), make()
    do(watched, f"break when {seldom}")
    asked = count_questions(watched)
    fly(watched)
    fly(straight)
    assert watched.phase is Phase.FINISHED
    assert asked == []
    assert watched.engine.digest() == straight.engine.digest()


def test_only_the_step_that_is_held_is_taken_by_itself():
    session = make()
    do(session, "break when nan")
    do(session, "break when loss > x50")
    asked = count_questions(session)
    run_to(session, 23)
    poison(session, "head.bias")
    fly(session)
    assert (session.step, asked) == (23, [23])


def test_with_an_eye_on_dead_units_every_step_is_asked_about():
    session = make(total=10)
    do(session, "break when dead units of * > 99%")
    do(session, "break when nan")
    asked = count_questions(session)
    fly(session)
    assert asked == list(range(10))


def test_a_step_let_pass_without_a_question_lets_no_other_pass():
    session = make()
    run_to(session, 12)
    do(session, "break when loss > x0")
    fly(session)
    assert (session.step, session.phase) == (12, Phase.PAUSED)
    do(session, "break off")
    do(session, "break when nan")
    do(session, "resume")
    run_to(session, 15)
    assert session.state().held_step is None
    poison(session, "head.bias")
    fly(session)
    assert (session.step, session.phase) == (15, Phase.PAUSED)
