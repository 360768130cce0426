"""Rules: the run gives itself commands where a condition comes true, and counts the uses."""

import msgspec
import numpy as np
import pytest

from tests.engines.conftest import make_engine
from tuitrain.commands import parse
from tuitrain.records.checkpoint_format import decode_state, encode_state, state_arrays
from tuitrain.run.limits import Limits
from tuitrain.run.session import PlannedCommand, Session
from tuitrain.run.snapshot import Phase, RunInfo

ALWAYS = "when grad_norm fc > 0 do"


def make(total: int = 40, limits: Limits | None = None, planned=()) -> Session:
    engine = make_engine()
    info = RunInfo("test", "small", "digits", 0, 8, engine.steps_per_epoch, total)
    commands = [PlannedCommand(step, parse(text)) for step, text in planned]
    return Session(engine, info, commands, limits=limits)


def do(session: Session, text: str, outcome: str = "applied", actor: str = "api") -> str:
    entry = session.apply_command(parse(text), actor, 1)
    assert entry.outcome == outcome, entry.message
    return entry.message


def run_to(session: Session, step: int) -> None:
    while session.step < step:
        session.apply_planned()
        session.phase = Phase.RUNNING
        session.run_burst(max_steps=step - session.step)


def run_on(session: Session) -> None:
    while session.phase is Phase.RUNNING:
        session.apply_planned()
        session.run_burst()


def by_rules(session: Session) -> list[tuple[int, str, str]]:
    return [
        (entry.step, entry.command, entry.outcome)
        for entry in session.journal.entries()
        if entry.actor == "rule"
    ]


def lr_of(session: Session, name: str) -> float:
    return next(group.lr for group in session.engine.groups() if group.name == name)


def test_a_rule_gives_its_commands_before_the_update_and_the_run_goes_on():
    session = make()
    assert do(session, f"{ALWAYS} lr fc x0.5; freeze conv") == (
        "the run will do that then, at most once"
    )
    session.run_burst(max_steps=5)
    assert session.phase is Phase.RUNNING
    assert by_rules(session) == [(0, "lr fc x0.5", "applied"), (0, "freeze conv", "applied")]
    why = session.journal.entries()[-1].why
    assert why.startswith("when grad_norm fc > 0, use 1 of 1: grad_norm of fc is ")
    assert lr_of(session, "fc") == 0.005
    straight = make()
    do(straight, "lr fc x0.5")
    do(straight, "freeze conv")
    run_to(session, 20)
    run_to(straight, 20)
    assert session.engine.digest() == straight.engine.digest()


def test_a_rule_that_rewinds_counts_its_uses_and_then_pauses_the_run():
    session = make()
    run_to(session, 10)
    do(session, f"{ALWAYS} rewind by 4; lr fc x0.5; at most 3 times")
    run_on(session)
    assert by_rules(session) == [
        (10, "rewind by 4", "applied"),
        (6, "lr fc x0.5", "applied"),
        (6, "rewind by 4", "applied"),
        (2, "lr fc x0.5", "applied"),
        (2, "rewind by 4", "applied"),
        (0, "lr fc x0.5", "applied"),
        (0, "pause", "applied"),
    ]
    assert session.phase is Phase.PAUSED
    message = session.journal.entries()[-1].message
    assert message.startswith("paused before step 1 is applied: grad_norm of fc is ")
    assert message.endswith("; the rule `when grad_norm fc > 0` has been used 3 times")
    assert session.snapshot().note == message
    assert [(view.used, view.text) for view in session.snapshot().rules] == [
        (3, "when grad_norm fc > 0 do rewind by 4; lr fc x0.5; at most 3 times")
    ]
    branches = session.timeline.left_branches
    assert len(branches) == 3
    do(session, "resume")
    run_on(session)
    assert session.phase is Phase.FINISHED  # each step after it meets the condition, too


def test_a_jump_by_a_rule_does_not_pause_and_says_so():
    session = make()
    run_to(session, 10)
    do(session, f"{ALWAYS} rewind 4")
    session.run_burst(max_steps=1)
    assert (session.step, session.phase) == (4, Phase.RUNNING)
    assert session.journal.entries()[-1].message == "back at step 4; what followed is branch main"


def test_a_rule_is_used_once_where_its_condition_comes_true_not_at_each_step_that_meets_it():
    session = make()
    do(session, f"{ALWAYS} lr fc x0.5; at most 9 times")
    run_to(session, 20)
    assert by_rules(session) == [(0, "lr fc x0.5", "applied")]


def test_rules_at_one_step_act_in_their_order_and_a_jump_ends_the_others():
    session = make()
    do(session, f"{ALWAYS} lr fc x0.5")
    do(session, "when grad_norm conv > 0 do lr conv x0.5")
    run_to(session, 2)
    assert by_rules(session) == [(0, "lr fc x0.5", "applied"), (0, "lr conv x0.5", "applied")]
    jumping = make()
    run_to(jumping, 6)
    do(jumping, f"{ALWAYS} rewind 3")
    do(jumping, "when grad_norm conv > 0 do lr conv x0.5")
    run_to(jumping, 8)
    assert by_rules(jumping) == [
        (6, "rewind 3", "applied"),
        (3, "pause", "applied"),
        (3, "lr conv x0.5", "applied"),
    ]


def test_a_breakpoint_pauses_at_the_step_after_the_rules_have_acted():
    session = make()
    do(session, "break when grad_norm fc > 0")
    do(session, f"{ALWAYS} lr fc x0.5")
    run_on(session)
    assert (session.step, session.phase) == (0, Phase.PAUSED)
    actors = [entry.actor for entry in session.journal.entries()]
    assert actors == ["api", "api", "rule", "breakpoint"]
    do(session, "resume")
    session.run_burst(max_steps=5)
    assert session.step == 5


def test_a_rule_that_is_set_while_a_breakpoint_holds_a_step_acts_at_that_step():
    session = make()
    do(session, "break when grad_norm fc > 0")
    session.run_burst(max_steps=5)
    do(session, f"{ALWAYS} lr fc x0.5")
    do(session, "resume")
    session.run_burst(max_steps=5)
    session.run_burst(max_steps=5)
    assert by_rules(session) == [(0, "lr fc x0.5", "applied")]
    assert session.step == 5


def test_nan_is_rescued_by_going_back():
    session = make()
    do(session, "when nan do rewind by 6; lr * x0.5")
    run_to(session, 10)
    before = session.engine.digest()
    state = session.engine.state()
    state.parameters["head.bias"].ravel()[0] = np.inf
    session.engine.load_state(state)
    session.run_burst(max_steps=1)
    assert (session.step, session.phase) == (4, Phase.RUNNING)
    run_to(session, 10)
    assert session.engine.digest() != before
    assert np.isfinite(session.engine.parameters()["head.bias"]).all()


def test_a_refused_command_ends_the_rule_and_pauses_the_run():
    session = make()
    run_to(session, 4)
    do(session, f"{ALWAYS} rewind 30; lr fc x0.5")
    session.run_burst(max_steps=4)
    assert by_rules(session) == [(4, "rewind 30", "refused"), (4, "pause", "applied")]
    assert session.phase is Phase.PAUSED
    assert session.journal.entries()[-1].message == (
        "paused before step 5 is applied: a rule's command was refused: rewind 30: step 30 is "
        "still to come: the run is at step 4"
    )


def test_a_rule_may_pause_stop_and_keep_a_checkpoint():
    paused = make()
    do(paused, f"{ALWAYS} pause")
    run_on(paused)
    assert (paused.step, paused.phase) == (0, Phase.PAUSED)
    stopped = make()
    do(stopped, f"{ALWAYS} checkpoint good; stop; lr fc x0.5")
    run_on(stopped)
    assert stopped.phase is Phase.STOPPED
    assert [text for _, text, _ in by_rules(stopped)] == ["checkpoint good", "stop"]


def test_rules_on_metrics_act_after_the_evaluation():
    session = make(total=3 * make().info.steps_per_epoch)
    epoch = session.info.steps_per_epoch
    do(session, "when accuracy >= 0 do lr fc x0.5; at most 3 times")
    run_on(session)
    assert by_rules(session) == [(epoch, "lr fc x0.5", "applied")]
    assert "accuracy" in session.journal.entries()[-1].why


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("when grad_norm head > 1 do stop", "no group is called 'head'"),
        ("when nan do lr absent x0.5", "no group is called 'absent'"),
        ("when nan do optimizer fc adm", "no optimizer is called 'adm', did you mean 'adam'?"),
        ("when nan do freeze absent", "no group is called 'absent'"),
        ("when f1 >= 0.5 do stop", "f1"),
        ("when off nan", "there is no rule `when nan` here; none is set"),
    ],
)
def test_a_rule_that_does_not_fit_the_run_is_refused_when_it_is_set(text: str, problem: str):
    assert problem in do(make(), text, "refused")


def test_rules_are_replaced_removed_and_keep_their_counts():
    session = make()
    do(session, f"{ALWAYS} lr fc x0.5")
    assert do(session, f"{ALWAYS} lr fc x0.5", "unchanged").startswith("that is set already")
    run_to(session, 2)
    message = do(session, f"{ALWAYS} lr fc x0.5; at most 3 times")
    assert message == (
        "the run will do that then, at most 3 times, 1 of them used; the rule before is replaced"
    )
    assert do(session, "when off grad_norm fc > 0") == "0 left"
    assert do(session, "when off", "unchanged") == "no rule is set"
    message = do(session, f"{ALWAYS} lr fc x0.5")
    assert message.startswith("that rule has been used already, and pauses the run; a larger N")
    assert do(session, "when off") == "1 rule removed"


def test_planned_rules_that_rewind_before_themselves_come_to_an_end():
    planned = [(0, f"{ALWAYS} rewind 0"), (3, "when off"), (5, f"{ALWAYS} rewind 1; lr fc x0.9")]
    session = make(planned=planned)
    for _ in range(40):
        run_on(session)
        session.phase = Phase.FINISHED if session.step == 40 else Phase.RUNNING
    assert session.step == 40
    assert len(by_rules(session)) < 12


def test_a_command_of_a_rule_is_undone_as_any_other():
    session = make()
    do(session, f"{ALWAYS} lr fc x0.5")
    run_to(session, 6)
    do(session, "undo")
    straight = make()
    run_to(straight, 6)
    assert session.engine.digest() == straight.engine.digest()


def test_the_memory_of_rules_is_in_the_state_of_the_session():
    session = make()
    run_to(session, 3)
    do(session, f"{ALWAYS} rewind by 1; lr fc x0.5; at most 2 times")
    do(session, "when loss > x0.001 do lr conv x0.5; at most 5 times")
    session.run_burst(max_steps=2)
    record = msgspec.convert(
        msgspec.to_builtins(encode_state(session.state())), type(encode_state(session.state()))
    )
    state = decode_state(record, state_arrays(session.state()))
    assert state.rules == session.state().rules
    continued = make()
    continued.restore(state)
    for _ in range(4):
        for one in (session, continued):
            one.phase = Phase.RUNNING
            one.run_burst(max_steps=10)
    assert continued.step == session.step
    assert continued.engine.digest() == session.engine.digest()
    assert continued.snapshot().rules == session.snapshot().rules


def test_the_limits_of_an_agent_hold_for_its_rules():
    limits = Limits(lr_factor=10, per_thousand_steps=4, commands=("when", "lr"))
    session = make(limits=limits)
    assert "a factor of 10" in do(session, f"{ALWAYS} lr fc x20", "refused", "agent")
    assert "this one is stop" in do(session, f"{ALWAYS} stop", "refused", "agent")
    many = f"{ALWAYS} lr fc x0.5; at most 5 times"
    assert "4 commands in 1000 steps" in do(session, many, "refused", "agent")
    do(session, "when nan do lr fc 0.1; at most 3 times", actor="agent")
    assert "3 were applied" in do(
        session, f"{ALWAYS} lr fc x2; at most 2 times", "refused", "agent"
    )
    do(session, f"{ALWAYS} lr fc 0.05", actor="agent")
    do(session, "lr fc 0.001")  # what was within the limit is beyond it now
    session.run_burst(max_steps=2)
    assert by_rules(session)[0] == (0, "lr fc 0.05", "refused")
