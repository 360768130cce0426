"""Breakpoints: the run pauses before the update, gives the reason, and continues unchanged."""

import msgspec
import numpy as np
import pytest

from tests.engines.conftest import make_engine
from tuitrain.commands import parse
from tuitrain.records.checkpoint_format import decode_state, encode_state, state_arrays
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


def run_on(session: Session) -> None:
    while session.phase is Phase.RUNNING:
        session.run_burst()


def poison(session: Session, name: str) -> None:
    """Make a value of a parameter infinite, as a bug would."""
    state = session.engine.state()
    state.parameters[name].ravel()[0] = np.inf
    session.engine.load_state(state)


def note_checked_steps(session: Session) -> list[int]:
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
    run_on(session)
    assert (session.phase, session.step, session.engine.digest()) == (Phase.PAUSED, 6, before)
    entry = session.journal.entries()[-1]
    assert (entry.actor, entry.step) == ("breakpoint", 6)
    assert entry.message.startswith("break before step 7 is applied: loss is nan")
    assert "the gradient of" in entry.message
    assert not np.isfinite(session.engine.gradient("head.bias")).all()


def test_a_run_that_was_held_continues_with_the_same_bits():
    broken, straight = make(), make()
    do(broken, "break when grad_norm fc > 0")
    breaks = 0
    while broken.phase is not Phase.FINISHED:
        run_on(broken)
        breaks += broken.phase is Phase.PAUSED
        if broken.phase is Phase.PAUSED:
            do(broken, "resume")
            broken.run_burst(max_steps=1)
            do(broken, "break off")
            do(broken, "break when grad_norm fc > 0")
    run_on(straight)
    assert breaks == 60
    assert broken.engine.digest() == straight.engine.digest()
    assert broken.snapshot().loss.values.tolist() == straight.snapshot().loss.values.tolist()


def test_the_reason_names_the_limit():
    session = make()
    run_to(session, 12)
    do(session, "break when loss > x0")
    run_on(session)
    message = session.journal.entries()[-1].message
    assert (session.step, session.phase) == (12, Phase.PAUSED)
    assert "loss " in message
    assert "is above 0 x" in message


def test_the_loss_is_not_compared_before_there_is_an_average():
    session = make(total=9)
    do(session, "break when loss > x0")
    run_on(session)
    assert session.phase is Phase.FINISHED


def test_an_accuracy_that_is_reached_pauses_at_the_epochs_end():
    session = make()
    do(session, "break when accuracy >= 0")
    checked = note_checked_steps(session)
    run_on(session)
    assert session.phase is Phase.PAUSED
    assert session.step == session.info.steps_per_epoch
    assert checked == []
    assert "accuracy" in session.journal.entries()[-1].message


def pauses(session: Session) -> list[int]:
    """Run to the end, resuming at each pause of a breakpoint; return the steps of the pauses."""
    steps: list[int] = []
    while session.phase is not Phase.FINISHED:
        run_on(session)
        if session.phase is Phase.PAUSED:
            steps.append(session.step)
            do(session, "resume")
    return steps


def make_measured(values: list[float]) -> Session:
    """Make a session that measures these accuracies, after each 5 steps."""
    engine = make_engine()
    engine.evaluate = lambda on_batch: {"accuracy": values[engine.step // 5 - 1]}
    info = RunInfo("t", "small", "digits", 0, 8, engine.steps_per_epoch, 40, evaluate_every=5)
    return Session(engine, info)


ACCURACIES = [0.1, 0.6, 0.7, 0.4, 0.5, 0.9, 0.2, 0.8]
"""Measured after 5, 10, ... 40 steps."""


@pytest.mark.parametrize(
    ("condition", "steps"),
    [("accuracy >= 0.5", [10, 25]), ("accuracy <= 0.5", [5, 20, 35]), ("accuracy >= 0", [5])],
)
def test_a_metric_pauses_when_its_condition_comes_true_and_not_while_it_holds(condition, steps):
    session = make_measured(ACCURACIES)
    do(session, f"break when {condition}")
    assert pauses(session) == steps


def test_a_metric_whose_condition_holds_when_it_is_set_pauses_at_the_next_evaluation():
    session = make_measured(ACCURACIES)
    run_to(session, 12)
    do(session, "break when accuracy >= 0.5")
    assert pauses(session) == [15, 25]


def test_the_second_metric_condition_that_comes_true_pauses_too():
    session = make_measured(ACCURACIES)
    do(session, "break when accuracy >= 0.5")
    do(session, "break when accuracy >= 0.65")
    assert pauses(session) == [10, 15, 25, 30]


def test_after_a_rewind_a_metric_pauses_at_the_same_steps():
    session = make_measured(ACCURACIES)
    run_to(session, 12)
    do(session, "break when accuracy >= 0.5")
    run_on(session)
    assert session.step == 15
    do(session, "rewind 13")
    do(session, "resume")
    assert pauses(session) == [15, 25]


def test_after_a_rewind_to_before_a_breakpoint_was_set_it_pauses_once_as_well():
    session = make_measured(ACCURACIES)
    run_to(session, 22)
    do(session, "break when accuracy >= 0.5")
    do(session, "rewind 7")
    do(session, "resume")
    assert pauses(session) == [10, 25]


@pytest.mark.parametrize("step", [12, 13, 17])
def test_a_restored_session_pauses_on_a_metric_at_the_same_steps(step):
    first, second = make_measured(ACCURACIES), make_measured(ACCURACIES)
    run_to(first, 12)
    do(first, "break when accuracy >= 0.5")
    run_to(first, step)
    state = first.state()
    second.restore(decode_state(encode_state(state), state_arrays(state)))
    first.phase = second.phase = Phase.RUNNING
    expected = [15, 25] if step < 15 else [25]
    assert pauses(first) == pauses(second) == expected


def test_a_checkpoint_from_before_breakpoints_had_a_step_pauses_when_a_condition_comes_true():
    first, second = make_measured(ACCURACIES), make_measured(ACCURACIES)
    do(first, "break when accuracy >= 0.5")
    run_to(first, 12)
    state = first.state()
    old = msgspec.structs.replace(encode_state(state), breakpoints_since=msgspec.UNSET)
    second.restore(decode_state(old, state_arrays(state)))
    assert pauses(second) == [25]
    odd = msgspec.structs.replace(encode_state(state), breakpoints_since=[1, 2])
    with pytest.raises(ValueError, match="differ in number"):
        decode_state(odd, state_arrays(state))


@pytest.mark.parametrize("condition", ["grad_norm fc > 0", "dead units of fc > 50%"])
def test_a_condition_on_steps_pauses_once_while_it_holds(condition):
    session = make()
    do(session, "optimizer fc sgd momentum=0 weight_decay=0")
    kill(session, 5)
    do(session, f"break when {condition}")
    assert pauses(session) == [0]


def test_a_loss_above_its_average_pauses_once_while_it_is():
    session = make()
    run_to(session, 12)
    do(session, "break when loss > x0")
    assert pauses(session) == [12]


def test_a_condition_that_is_set_again_pauses_again():
    session = make()
    run_to(session, 12)
    do(session, "break when loss > x0")
    run_on(session)
    do(session, "resume")
    run_to(session, 20)
    do(session, "break off")
    do(session, "break when loss > x0")
    assert pauses(session) == [20]


def test_every_step_that_is_not_finite_is_held_for_a_user():
    session = make(total=10)
    do(session, "break when nan")
    run_to(session, 6)
    poison(session, "head.bias")
    assert pauses(session) == [6, 7, 8, 9]


def kill(session: Session, units: int) -> None:
    """Make the first ``units`` units of the fc layer stay dead."""
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
    run_on(session)
    assert (session.phase, session.step, session.engine.digest()) == (Phase.PAUSED, 6, before)
    assert session.breakpoint_reason == (
        "break before step 7 is applied: 5 of the 8 units of fc.weight are dead (62.5%, above 50%)"
    )
    do(session, "break off")
    do(session, "resume")
    run_on(session)
    assert session.phase is Phase.FINISHED


@pytest.mark.parametrize(("groups", "at"), [("conv", 20), ("fc", 10), ("*", 10), ("*c", 10)])
def test_a_condition_on_dead_units_watches_only_its_groups(groups, at):
    session = make(total=20)
    run_to(session, 10)
    do(session, f"break when dead units of {groups} > 99%")
    kill(session, 8)
    run_on(session)
    assert session.step == at
    assert (session.phase is Phase.PAUSED) == (at == 10)


def test_watching_dead_units_changes_no_bit():
    watched, straight = make(), make()
    do(watched, "break when dead units of * > 99%")
    run_on(watched)
    run_on(straight)
    assert watched.phase is Phase.FINISHED
    assert watched.engine.digest() == straight.engine.digest()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("break when grad_norm cov > 10", "no group is called 'cov', did you mean 'conv'?"),
        ("break when dead units of fcc > 10%", "no group is called 'fcc', did you mean 'fc'?"),
        ("break when grad_norm fc.weight > 10", "make it a group first: group NAME = fc.weight"),
        ("break when dead units of top > 10%", "no layer of top is followed by a ReLU (groups"),
    ],
)
def test_a_condition_that_could_never_hold_is_refused(text, message):
    session = make()
    do(session, "group top = head.*")
    assert message in do(session, text, "refused")
    assert session.breakpoints.texts() == ()


def test_a_norm_of_several_groups_names_the_group_that_is_above():
    session = make()
    do(session, "freeze conv")
    do(session, "break when grad_norm * > 0")
    run_on(session)
    assert "grad_norm of fc is" in session.breakpoint_reason


@pytest.mark.parametrize("condition", ["grad_norm fc > 99999", "dead units of fc > 99%"])
def test_a_condition_whose_group_disappears_is_reported(condition):
    session = make()
    do(session, f"break when {condition}")
    message = do(session, "group all = *")
    assert message.endswith("; no group is left that `break when " + condition + "` watches")
    assert "watches" not in do(session, "group all = fc.*", "unchanged")
    assert "watches" not in do(session, "undo")
    run_on(session)
    assert session.phase is Phase.FINISHED


def test_the_reason_is_shown_until_the_run_continues():
    session = make()
    do(session, "break when grad_norm fc > 0")
    run_on(session)
    assert session.snapshot().note.startswith("break before step 1 is applied: grad_norm of fc is")
    do(session, "lr fc 0.1")
    assert session.snapshot().note.startswith("break before step 1")
    do(session, "resume")
    assert session.snapshot().note == ""


def test_a_run_at_its_end_does_not_break():
    session = make(total=7)
    do(session, "break when accuracy >= 0")
    run_on(session)
    assert session.phase is Phase.FINISHED
    assert [entry.actor for entry in session.journal.entries()] == ["api"]


def test_breakpoints_are_shown_and_can_be_removed():
    session = make()
    do(session, "break when nan")
    do(session, "break when nan", "unchanged")
    do(session, "break when grad_norm conv > 10")
    assert session.snapshot().breakpoints == ("break when nan", "break when grad_norm conv > 10")
    assert do(session, "break off") == "2 breakpoints removed"
    do(session, "break off", "unchanged")
    run_on(session)
    assert session.phase is Phase.FINISHED


def test_one_breakpoint_can_be_removed():
    session = make()
    do(session, "break when nan")
    do(session, "break when loss > x2")
    assert do(session, "break off nan") == "1 left"
    assert session.snapshot().breakpoints == ("break when loss > x2",)
    message = do(session, "break off nan", "refused")
    assert message == "'nan' is not a breakpoint here; set are loss > x2"


def test_after_a_rewind_to_where_it_broke_it_breaks_there_again():
    session = make()
    run_to(session, 15)
    do(session, "break when loss > x0")
    run_on(session)
    assert session.step == 15
    do(session, "freeze conv")
    do(session, "rewind 15")
    do(session, "resume")
    run_on(session)
    assert (session.step, session.phase) == (15, Phase.PAUSED)


def test_no_state_is_cached_at_a_held_step_after_a_decision_there():
    session = make(total=120)
    run_to(session, 100)
    session.timeline.discard_state(100)  # as if it had been thinned out
    do(session, "freeze conv")
    do(session, "break when loss > x0")
    run_on(session)
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
    run_on(session)
    run_on(other)
    assert session.engine.digest() == other.engine.digest()
    assert session.timeline.branch.decisions == ()


@pytest.mark.parametrize("condition", ["nan", "loss > x50", "grad_norm * > 1e9"])
def test_steps_that_meet_no_condition_are_taken_in_bursts(condition):
    watched, straight = make(), make()
    do(watched, f"break when {condition}")
    checked = note_checked_steps(watched)
    run_on(watched)
    run_on(straight)
    assert watched.phase is Phase.FINISHED
    assert checked == []
    assert watched.engine.digest() == straight.engine.digest()


def test_only_the_step_that_is_held_is_taken_by_itself():
    session = make()
    do(session, "break when nan")
    do(session, "break when loss > x50")
    checked = note_checked_steps(session)
    run_to(session, 23)
    poison(session, "head.bias")
    run_on(session)
    assert (session.step, checked) == (23, [23])


def test_a_condition_on_dead_units_has_every_step_checked():
    session = make(total=10)
    do(session, "break when dead units of * > 99%")
    do(session, "break when nan")
    checked = note_checked_steps(session)
    run_on(session)
    assert checked == list(range(10))


def test_a_step_that_passes_without_a_check_lets_no_other_pass():
    session = make()
    run_to(session, 12)
    do(session, "break when loss > x0")
    run_on(session)
    assert (session.step, session.phase) == (12, Phase.PAUSED)
    do(session, "break off")
    do(session, "break when nan")
    do(session, "resume")
    run_to(session, 15)
    assert session.state().held_step is None
    poison(session, "head.bias")
    run_on(session)
    assert (session.step, session.phase) == (15, Phase.PAUSED)
