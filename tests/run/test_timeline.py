"""Rewind, undo and branches on a real engine: exact to the bit."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engines.conftest import make_engine
from tuitrain.commands import parse
from tuitrain.run.history.state_cache import Decision, StateCache
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Phase, RunInfo


def make(total: int = 400) -> Session:
    engine = make_engine()
    title = RunInfo("test", "small", "digits", 0, 8, engine.steps_per_epoch, total)
    return Session(engine, title)


def do(session: Session, text: str, outcome: str = "applied") -> str:
    entry = session.apply_command(parse(text), "api", 1)
    assert entry.outcome == outcome, entry.message
    return entry.message


def run_to(session: Session, step: int) -> None:
    if session.step < step:
        session.phase = Phase.RUNNING
    while session.step < step:
        session.run_burst(max_steps=step - session.step)


def sight(session: Session) -> tuple:
    """Return what must be the same when a session is at the same step again."""
    snapshot = session.snapshot()
    gradients = {
        name: None if (g := session.engine.gradient(name)) is None else g.tobytes()
        for name in session.engine.parameters()
    }
    return (
        session.step,
        session.engine.digest(),
        repr(session.engine.groups()),
        gradients,
        snapshot.loss.values.tolist(),
        snapshot.metrics["accuracy"].values.tolist(),
        snapshot.interventions,
    )


def test_a_rewind_restores_the_exact_state():
    session = make()
    seen = {}
    for step, text in [(10, "freeze conv"), (30, "lr fc 0.02"), (60, "thaw conv"), (75, "lr * x2")]:
        run_to(session, step)
        seen[step] = sight(session)
        do(session, text)
    run_to(session, 120)
    for step in (75, 60, 30, 10):
        do(session, f"rewind {step}")
        assert sight(session) == seen[step]


def test_after_a_rewind_the_same_commands_give_the_same_bits():
    session = make()
    run_to(session, 20)
    do(session, "freeze conv")
    run_to(session, 90)
    end = sight(session)
    do(session, "rewind 20")
    do(session, "freeze conv")
    run_to(session, 90)
    assert sight(session) == end


def test_a_rewind_pauses_and_names_the_branch_left():
    session = make()
    run_to(session, 40)
    message = do(session, "rewind 15")
    assert session.phase is Phase.PAUSED
    assert message == "back at step 15, paused; what followed is branch main"
    assert session.snapshot().branch == "b1"


def test_a_finished_or_stopped_run_can_be_rewound():
    session = make(total=30)
    run_to(session, 30)
    assert session.phase is Phase.FINISHED
    do(session, "rewind 10")
    do(session, "stop")
    do(session, "rewind 5")
    run_to(session, 30)
    assert session.phase is Phase.FINISHED


def test_undo_equals_the_run_without_the_last_command():
    session, without = make(), make()
    run_to(session, 12)
    do(session, "lr fc 0.05")
    run_to(session, 33)
    do(session, "optimizer conv adam lr=0.01")
    run_to(session, 61)
    message = do(session, "undo")
    assert "without 'optimizer conv adam lr=0.01' of step 33" in message
    run_to(without, 12)
    do(without, "lr fc 0.05")
    run_to(without, 61)
    assert sight(session) == sight(without)


def test_undo_at_the_step_of_the_command_needs_no_training():
    session = make()
    run_to(session, 17)
    before = sight(session)
    do(session, "group top = head.*")
    do(session, "undo")
    assert sight(session) == before


def test_undo_fills_the_whole_curve_after_other_branches():
    session, straight = make(), make()
    do(session, "try lr fc x0.1 for 30 steps")
    run_to(session, 50)
    do(session, "branch b1")
    run_to(session, 51)
    do(session, "undo")
    run_to(straight, 51)
    assert sight(session) == sight(straight)


def test_all_commands_can_be_undone():
    session = make()
    for step, text in [(5, "freeze conv"), (9, "lr fc 0"), (9, "optimizer fc sgd"), (20, "thaw *")]:
        run_to(session, step)
        do(session, text)
    run_to(session, 25)
    for _ in range(4):
        do(session, "undo")
    untouched = make()
    run_to(untouched, 25)
    assert sight(session) == sight(untouched)
    assert "no command to undo" in do(session, "undo", "refused")


def test_undo_without_commands_names_the_branch_left():
    session = make()
    assert do(session, "undo", "refused") == "there is no command to undo on this branch"
    run_to(session, 20)
    do(session, "rewind 10")
    assert "`branch main` returns to the branch left last" in do(session, "undo", "refused")


def test_redo_equals_the_run_before_the_undo():
    session, straight = make(), make()
    for item in (session, straight):
        run_to(item, 12)
        do(item, "lr fc 0.05")
        run_to(item, 33)
    do(session, "undo")
    run_to(session, 61)
    message = do(session, "redo")
    assert "step 61 with 'lr fc 0.05' of step 12; without it, it is branch b1" in message
    run_to(straight, 61)
    assert sight(session) == sight(straight)
    assert session.snapshot().branch == "main"


def test_every_undo_can_be_redone():
    session = make()
    for step, text in [(5, "freeze conv"), (9, "lr fc 0.5"), (20, "thaw *")]:
        run_to(session, step)
        do(session, text)
    run_to(session, 25)
    end = sight(session)
    for _ in range(3):
        do(session, "undo")
    for _ in range(3):
        do(session, "redo")
    assert sight(session) == end
    assert "nothing to redo" in do(session, "redo", "refused")


def test_redo_neither_pauses_nor_resumes():
    session = make()
    run_to(session, 10)
    do(session, "freeze conv")
    for phase in (Phase.RUNNING, Phase.PAUSED):
        session.phase = phase
        do(session, "undo")
        do(session, "redo")
        assert session.phase is phase


@pytest.mark.parametrize("since", ["lr fc 0.3", "rewind 3", "branch main"])
def test_a_new_decision_ends_redo(since):
    session = make()
    run_to(session, 10)
    do(session, "freeze conv")
    do(session, "undo")
    do(session, since)
    assert "nothing to redo" in do(session, "redo", "refused")


def test_commands_without_effect_on_training_allow_a_redo():
    session = make()
    run_to(session, 10)
    do(session, "freeze conv")
    do(session, "undo")
    do(session, "try lr fc 0.1, x1 for 5 steps")
    do(session, "break when nan")
    do(session, "thaw conv", "unchanged")
    do(session, "redo")
    assert session.engine.groups()[0].frozen_since == 10


def test_a_planned_command_ends_redo():
    from tuitrain.run.session import PlannedCommand

    engine = make_engine()
    title = RunInfo("test", "small", "digits", 0, 8, engine.steps_per_epoch, 50)
    session = Session(engine, title, [PlannedCommand(20, parse("thaw conv"))])
    run_to(session, 10)
    do(session, "freeze conv")
    do(session, "undo")
    run_to(session, 20)
    session.apply_planned()
    assert session.journal.entries()[-1].outcome == "unchanged"
    assert "nothing to redo" in do(session, "redo", "refused")


def test_returning_to_a_branch_is_exact():
    session = make()
    run_to(session, 20)
    do(session, "freeze conv")
    run_to(session, 55)
    main = sight(session)
    do(session, "rewind 10")
    do(session, "lr fc 0.5")
    run_to(session, 30)
    other = sight(session)
    assert "on branch main at step 55; left branch b1" in do(session, "branch main")
    assert sight(session) == main
    do(session, "branch b1")
    assert sight(session) == other
    assert [item.name for item in session.snapshot().branches] == ["main"]


def test_branches_have_their_curves_from_the_first_step():
    session = make()
    run_to(session, 40)
    losses = session.snapshot().loss.values.tolist()
    do(session, "rewind 25")
    (left,) = session.snapshot().branches
    assert (left.name, left.fork, left.tip) == ("main", 0, 40)
    assert left.loss.values.tolist() == losses
    assert session.snapshot().loss.values.tolist() == losses[:25]


@pytest.mark.parametrize(
    ("text", "error_text"),
    [
        ("rewind 21", "step 21 is still to come: the run is at step 20"),
        ("branch nowhere", "no branch is called 'nowhere'; none was left yet"),
    ],
)
def test_impossible_history_commands_are_refused(text, error_text):
    session = make()
    run_to(session, 20)
    assert error_text in do(session, text, "refused")


def test_a_rewind_to_the_present_step_takes_back_only_its_decisions():
    session = make()
    run_to(session, 20)
    do(session, "rewind 20", "unchanged")
    do(session, "branch main", "unchanged")
    do(session, "freeze conv")
    do(session, "rewind 20")
    assert session.engine.groups()[0].frozen_since is None


def test_a_sweep_leaves_a_branch_for_each_rate_and_returns():
    session = make()
    run_to(session, 23)
    do(session, "freeze conv")
    before = session.engine.digest(), session.snapshot().loss.values.tolist()
    message = do(session, "try lr fc 0.2, x1 for 40 steps")
    assert (session.step, session.phase) == (23, Phase.PAUSED)
    assert (session.engine.digest(), session.snapshot().loss.values.tolist()) == before
    branches = {item.name: item for item in session.snapshot().branches}
    assert [(item.fork, item.tip) for item in branches.values()] == [(23, 63), (23, 63)]
    assert "0.2 " in message
    assert "(b1)" in message
    straight = make()
    run_to(straight, 23)
    do(straight, "freeze conv")
    do(straight, "lr fc 0.2")
    run_to(straight, 63)
    do(session, "branch b1")
    assert sight(session) == sight(straight)


def test_sweep_results_can_be_compared():
    session = make()
    run_to(session, 23)
    lr = session.engine.groups()[-1].lr
    do(session, f"try lr {session.engine.groups()[-1].name} 0.2, x1 for 40 steps")
    sweep = session.snapshot().lr_sweep
    assert sweep is not None
    assert (sweep.step, sweep.steps, sweep.lr) == (23, 40, lr)
    assert [(item.value, item.branch, item.is_unchanged) for item in sweep.candidates] == [
        ("0.2", "b1", False),
        ("x1", "b2", True),
    ]
    do(session, "try lr * x1 for 4 steps")
    assert math.isnan(session.snapshot().lr_sweep.lr)


def test_a_refused_sweep_changes_nothing():
    session = make()
    run_to(session, 23)
    before = sight(session)
    do(session, "try lr absent 0.1 for 9 steps", "refused")
    assert sight(session) == before
    assert session.snapshot().branches == ()


def test_a_sweep_with_one_invalid_rate_tries_none():
    session = make()
    run_to(session, 23)
    do(session, "lr fc 1e300")
    before = sight(session)
    do(session, "try lr fc x1, 0.1, x1e10 for 9 steps", "refused")
    assert sight(session) == before
    assert session.snapshot().branches == ()


def test_planned_commands_are_applied_again_after_a_rewind():
    from tuitrain.run.session import PlannedCommand

    engine = make_engine()
    title = RunInfo("test", "small", "digits", 0, 8, engine.steps_per_epoch, 50)
    session = Session(engine, title, [PlannedCommand(10, parse("freeze conv"))])
    for _ in range(2):
        run_to(session, 10)
        session.apply_planned()
        assert session.engine.groups()[0].frozen_since == 10
        run_to(session, 30)
        do(session, "rewind 5")
        assert session.engine.groups()[0].frozen_since is None


def test_a_planned_history_command_is_applied_once():
    from tuitrain.run.session import PlannedCommand

    engine = make_engine()
    title = RunInfo("test", "small", "digits", 0, 8, engine.steps_per_epoch, 30)
    session = Session(engine, title, [PlannedCommand(10, parse("rewind 5"))])
    rounds = 0
    while session.phase is not Phase.FINISHED:
        session.apply_planned()
        session.phase = Phase.RUNNING
        session.run_burst()
        rounds += 1
        assert rounds < 50
    assert [item.command for item in session.journal.entries()] == ["rewind 5"]


def test_cached_states_stay_within_their_budget_and_include_the_first():
    engine = make_engine()
    size = engine.state().nbytes * 3
    states = StateCache(budget=5 * size)
    states.add(engine.state(), ())
    for _ in range(40):
        engine.run(1, lambda: True)
        states.add(engine.state(), ())
    assert states.nbytes <= 5 * size
    first = states.nearest(0, ())
    assert first is not None
    assert first.step == 0
    assert states.nearest(40, ()).step == 40
    gaps = [states.nearest(step, ()).step for step in range(41)]
    assert len(set(gaps)) == len(states)


def test_a_cached_state_serves_only_branches_that_begin_with_its_decisions():
    engine = make_engine()
    states = StateCache()
    states.add(engine.state(), ())
    engine.run(5, lambda: False)
    freeze = Decision(3, parse("freeze conv"))
    states.add(engine.state(), [freeze])
    assert states.nearest(9, [freeze]).step == 5
    assert states.nearest(9, []).step == 0
    assert states.nearest(9, [freeze, Decision(5, parse("thaw conv"))]).step == 5


def test_the_cached_steps_of_a_branch_are_those_it_shares_with_the_states():
    states = StateCache()
    texts = ("freeze conv", "lr fc 0.02", "thaw conv")
    freeze, lower, thaw = (
        Decision(step, parse(text)) for step, text in zip((2, 4, 4), texts, strict=True)
    )
    for decisions in ((), (freeze,), (freeze, lower), (freeze, lower, thaw)):
        engine = make_engine()
        for _ in range(6):
            states.add(engine.state(), decisions)
            engine.run(1, lambda: True)
    assert states.steps(()) == (0, 1, 2, 3, 4, 5)
    assert states.steps((thaw,)) == (0, 1, 2, 3, 4)
    states.discard(3)
    assert states.steps((freeze, lower)) == (0, 1, 2, 4, 5)
    assert states.steps((lower,)) == (0, 1, 2, 4)
    assert states.steps((freeze, lower, thaw)) == (0, 1, 2, 4, 5)


acts = st.sampled_from(
    [
        "freeze conv", "freeze fc", "thaw *", "thaw conv reset", "lr fc 0.02", "lr * x0.5",
        "optimizer fc adam lr=0.01 ramp=40", "group conv = fc.*", "thaw fc reset", "freeze *",
        "schedule * one-cycle to 0.1 over 50 steps", "lr * x0", "clip norm 0.1", "lr top x2",
        "decay * over 2 epochs", "optimizer conv adam", "optimizer * sgd momentum=0.9",
        "group top = head.*", "group all = *", "undo", "redo", "rewind 0", "rewind 7", "rewind 30",
        "branch main", "branch b1", "branch b2", "try lr fc x0.1, 0.2 for 30 steps",
    ]
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), acts), max_size=7))
def test_any_session_with_history_commands_equals_its_branch_run_directly(script):
    session = make()
    for steps, text in script:
        run_to(session, session.step + steps)
        session.apply_command(parse(text), "api", 1)
    straight = make()
    for decision in session.timeline.branch.decisions:
        run_to(straight, decision.step)
        straight.apply_command(decision.command, "api", 1)
    run_to(straight, session.step)
    assert straight.engine.digest() == session.engine.digest()
    assert straight.snapshot().loss.values.tolist() == session.snapshot().loss.values.tolist()


def test_the_displayed_clipping_is_that_of_the_present_branch():
    session = make()
    assert session.snapshot().clip == ""
    run_to(session, 5)
    do(session, "clip norm 1")
    assert session.snapshot().clip == "norm 1"
    do(session, "clip value 0.5")
    assert session.snapshot().clip == "value 0.5"
    do(session, "undo")
    assert session.snapshot().clip == "norm 1"
    do(session, "clip off")
    assert session.snapshot().clip == ""


def test_branches_have_the_parent_that_took_their_first_steps():
    session = make()
    run_to(session, 60)
    do(session, "freeze conv")
    run_to(session, 100)
    do(session, "rewind 60")  # b1 leaves main at 60
    run_to(session, 90)
    do(session, "rewind 80")  # b2 leaves b1
    do(session, "rewind 40")  # b3 leaves what b2 was at 40: main
    shown = session.snapshot()
    origins = {item.name: (item.parent, item.fork) for item in shown.branches}
    assert origins == {"main": ("", 0), "b1": ("main", 60), "b2": ("b1", 80)}
    assert (shown.branch, shown.parent, shown.fork) == ("b3", "main", 40)


def test_displayed_cached_states_are_those_of_the_present_branch():
    session = make()
    run_to(session, 120)
    assert session.snapshot().cached_steps == (0, 50, 100)
    do(session, "rewind 60")
    do(session, "freeze conv")
    assert session.snapshot().cached_steps == (0, 50)
    run_to(session, 110)
    assert session.snapshot().cached_steps == (0, 50, 100)
    do(session, "branch main")
    assert session.snapshot().cached_steps == (0, 50, 100)
