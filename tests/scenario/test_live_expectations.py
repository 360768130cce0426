"""The journal of a live run says whether the scenario's expectations are met."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.scenario.small import TEXT
from tuitrain.commands import parse
from tuitrain.run.live.live_run import LiveRun
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Phase, Snapshot
from tuitrain.scenario.build import make_run_info
from tuitrain.scenario.live_expectations import build_with_expectations
from tuitrain.scenario.load import loads

PATIENCE = 60.0


@contextmanager
def live(text: str) -> Iterator[LiveRun]:
    scenario = loads(text, "x.toml")
    run = LiveRun(
        lambda on_event: build_with_expectations(scenario, "x.toml", on_event),
        make_run_info(scenario),
    )
    try:
        yield run.start()
    finally:
        run.close()


def verdicts(snapshot: Snapshot) -> list[tuple[int, str, str]]:
    return [
        (entry.step, entry.outcome, entry.command)
        for entry in snapshot.journal
        if entry.command.startswith("expect ")
    ]


def standing(text: str, step: int) -> Session:
    """Build a session and let it run to a step as a live run would."""
    session = build_with_expectations(loads(text, "x.toml"), "x.toml")
    fly(session, step)
    return session


def fly(session: Session, step: int) -> None:
    due_step(session)
    session.phase = Phase.RUNNING
    while session.step < step and not session.phase.ended:
        session.run_burst(max_steps=step - session.step)
        due_step(session)


def due_step(session: Session) -> None:
    session.apply_planned()
    session.on_boundary()


def do(session: Session, text: str) -> None:
    entry = session.apply_command(parse(text), "api", 1)
    assert entry.outcome == "applied", entry.message
    due_step(session)


def told(session: Session) -> list[tuple[int, str, str]]:
    return verdicts(session.snapshot())


def test_each_expectation_is_reported_at_its_step():
    failing = '[[expect]]\nepoch = 2\ntest_accuracy = "> 1"\n'
    with live(TEXT + failing) as run:
        last = run.join(PATIENCE)
    assert verdicts(last) == [
        (7, "met", "expect fc changed since step 0"),
        (14, "not met", "expect test_accuracy > 1"),
        (21, "met", "expect fc* unchanged since step 7"),
        (21, "met", "expect no gradient for fc*"),
        (21, "met", "expect lr of head is 0.2"),
        (21, "met", "expect train_loss < 10"),
        (21, "met", "expect test_accuracy >= 0"),
    ]
    missed = next(entry for entry in last.journal if entry.outcome == "not met")
    assert (missed.actor, float(missed.message) <= 1) == ("scenario", True)


def test_a_stopped_run_reports_unchecked_expectations():
    session = standing(TEXT, 10)
    do(session, "stop")
    assert told(session)[-1] == (10, "not met", "expect the run gets to step 21")
    do(session, "rewind 8")
    fly(session, 21)
    assert told(session)[-1] == (21, "met", "expect test_accuracy >= 0")


def test_a_finding_is_reported_once_until_it_changes():
    session = standing(TEXT + "[[expect]]\nstep = 10\nlr = { group = 'head', is = 0.2 }\n", 10)
    due_step(session)
    assert told(session)[1:] == [(10, "met", "expect lr of head is 0.2")]
    do(session, "lr head 0.3")
    do(session, "freeze head")
    assert told(session)[2:] == [(10, "not met", "expect lr of head is 0.2")]


def test_a_finding_is_reported_again_after_a_rewind():
    session = standing(TEXT, 9)
    do(session, "rewind 3")
    fly(session, 9)
    assert [step for step, *_ in told(session)] == [7, 7]


def test_bytes_are_compared_with_those_of_the_present_branch():
    session = standing(
        TEXT + '[[expect]]\nstep = 18\nunchanged = { group = "fc", since_step = 9 }', 3
    )
    do(session, "lr head 0.5")
    fly(session, 12)
    do(session, "undo")
    fly(session, 18)
    assert told(session)[-1] == (18, "met", "expect fc unchanged since step 9")
    do(session, "branch main")
    fly(session, 18)
    assert told(session)[-1] == (18, "met", "expect fc unchanged since step 9")


@pytest.mark.parametrize(
    "expectation",
    ["lr = { group = 'fc', is = 0.1 }", "unchanged = { group = 'fc', since_epoch = 1 }"],
)
def test_a_dissolved_group_is_reported_missing(expectation):
    session = standing(TEXT + f"[[expect]]\nstep = 16\n{expectation}\n", 12)
    do(session, "group all = *")
    fly(session, 16)
    assert told(session)[-1] == (16, "not met", "expect a group fc")


def test_an_impossible_expectation_is_an_error_at_the_start():
    with live(TEXT.replace('group = "head", is', 'group = "heat", is')) as run:
        last = run.join(PATIENCE)
    assert last.phase is Phase.FAILED
    assert "no group is called 'heat', did you mean 'head'?" in last.note
