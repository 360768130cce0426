"""Submissions with a ticket, a reason or a step: each is answered once, under its ticket."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.run.fake_engine import FakeEngine
from tests.run.test_viewers import TIMEOUT, Flight
from tuitrain.commands import Freeze, SetLr, parse
from tuitrain.errors import RefusedError
from tuitrain.run.live.live_run import LiveRun
from tuitrain.run.live.mailbox import MAX_KNOWN_TICKETS, MIN_OUTSIDE_TICKET
from tuitrain.run.live.scheduled import MAX_SCHEDULED
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Phase, RunInfo

FIRST = MIN_OUTSIDE_TICKET


def fly(total: int = 100) -> Flight:
    return Flight(FakeEngine(), total)


def answers(flight: Flight, ticket: int) -> list[tuple[int, str, str]]:
    entries = flight.session.journal.entries()
    return [(e.step, e.outcome, e.message) for e in entries if e.ticket == ticket]


def finish(flight: Flight) -> None:
    flight.visit()
    while flight.session.phase is Phase.RUNNING:
        flight.advance(50)


def test_a_ticket_from_outside_is_applied_once():
    flight = fly()
    for _ in range(3):
        assert flight.access.submit(Freeze("a"), "ctl", FIRST + 7) == FIRST + 7
        flight.visit()
    assert flight.access.submit(Freeze("a")) < FIRST
    flight.visit()
    assert len(answers(flight, FIRST + 7)) == 1
    assert len(flight.session.journal) == 2


def test_only_the_newest_tickets_are_remembered():
    flight = fly()
    for number in range(MAX_KNOWN_TICKETS + 1):
        flight.access.submit(parse("pause"), "ctl", FIRST + number)
    flight.visit()
    count = len(flight.session.journal)
    flight.access.submit(parse("pause"), "ctl", FIRST + 1)
    flight.visit()
    assert len(flight.session.journal) == count
    flight.access.submit(parse("pause"), "ctl", FIRST)
    flight.visit()
    assert len(flight.session.journal) == count + 1


@pytest.mark.parametrize("ticket", [0, 1, FIRST - 1, -FIRST, 2**63])
def test_other_tickets_are_refused(ticket):
    flight = fly()
    with pytest.raises(RefusedError, match=f"ticket {ticket} is not from outside"):
        flight.access.submit(parse("pause"), "ctl", ticket)


def test_what_is_not_allowed_is_refused_at_once_and_nothing_is_submitted():
    flight = fly()
    viewer = flight.access.open_viewer()
    flight.visit()
    for arguments in (
        {"actor": "breakpoint"},
        {"actor": "guest"},
        {"why": "a\nb"},
        {"at": -1},
        {"at": 10**30},
    ):
        with pytest.raises(RefusedError):
            viewer.submit(Freeze("a"), **arguments)
    with pytest.raises(RefusedError):
        viewer.cancel(FIRST, "scenario")
    flight.visit()
    assert len(flight.session.journal) == 0


def test_the_journal_has_who_and_why():
    flight = fly()
    ticket = flight.access.submit(Freeze("a"), "key@laptop", why=" it overfits ")
    flight.visit()
    (entry,) = flight.session.journal.entries()
    assert (entry.ticket, entry.actor, entry.why) == (ticket, "key@laptop", "it overfits")


def test_a_command_is_applied_at_the_boundary_that_it_waits_for():
    flight = fly()
    viewer = flight.access.open_viewer()
    late = viewer.submit(SetLr("all", 0.2), "ctl", why="later", at=33)
    soon = viewer.submit(Freeze("a"), "key", at=12)
    flight.visit()
    assert [(entry.ticket, entry.step) for entry in viewer.snapshot().scheduled] == [
        (soon, 12),
        (late, 33),
    ]
    waiting = viewer.snapshot().scheduled[1]
    assert (waiting.command, waiting.actor, waiting.why) == ("lr all 0.2", "ctl", "later")
    finish(flight)
    assert answers(flight, soon)[0][:2] == (12, "applied")
    assert answers(flight, late)[0][:2] == (33, "applied")
    assert viewer.snapshot().scheduled == ()


def test_the_present_boundary_counts_and_an_earlier_one_is_refused():
    flight = fly()
    flight.advance(5)
    now = flight.access.submit(Freeze("a"), at=5)
    past = flight.access.submit(Freeze("a"), at=4)
    flight.visit()
    assert answers(flight, now)[0][:2] == (5, "applied")
    assert answers(flight, past) == [
        (5, "refused", "step 4 cannot be reached: the run is at step 5")
    ]


def test_a_step_after_the_last_one_is_refused_at_once():
    flight = fly(100)
    ticket = flight.access.submit(Freeze("a"), at=101)
    last = flight.access.submit(parse("checkpoint end"), at=100)
    flight.visit()
    assert answers(flight, ticket) == [
        (0, "refused", "step 101 cannot be reached: the run ends at step 100")
    ]
    finish(flight)
    assert answers(flight, last)[0][0] == 100


def test_a_stop_refuses_what_waits():
    flight = fly()
    ticket = flight.access.submit(Freeze("a"), at=50)
    stop = flight.access.submit(parse("stop"), at=20)
    finish(flight)
    assert answers(flight, stop)[0][:2] == (20, "applied")
    assert answers(flight, ticket) == [
        (20, "refused", "step 50 cannot be reached: the run has ended at step 20")
    ]


def test_a_rewind_leaves_it_waiting_and_a_jump_past_it_refuses():
    flight = fly()
    while flight.session.step < 60:
        flight.advance(60 - flight.session.step)
    flight.access.submit(parse("rewind 20"))
    flight.access.submit(Freeze("a"))  # makes it a branch
    ticket = flight.access.submit(Freeze("b"), at=40)
    flight.visit()
    flight.access.submit(parse("rewind 10"))
    flight.visit()
    assert answers(flight, ticket) == []
    assert [entry.step for entry in flight.access.newest().scheduled] == [40]
    flight.access.submit(parse("branch main"))
    flight.visit()
    assert flight.session.step == 60
    assert answers(flight, ticket)[0][1:] == (
        "refused",
        "step 40 cannot be reached: the run is at step 60",
    )


def test_what_waits_can_be_cancelled():
    flight = fly()
    ticket = flight.access.submit(Freeze("a"), at=50)
    flight.visit()
    flight.access.cancel(ticket, "ctl@laptop")
    flight.access.cancel(10**9)
    flight.visit()
    assert answers(flight, ticket) == [(0, "refused", "cancelled by ctl@laptop")]
    assert flight.access.newest().scheduled == ()
    finish(flight)
    assert len(answers(flight, ticket)) == 1


def test_only_so_many_wait():
    flight = fly(10**6)
    for number in range(MAX_SCHEDULED):
        flight.access.submit(Freeze("a"), at=10 + number)
    flight.visit()
    ticket = flight.access.submit(Freeze("a"), at=5)
    flight.visit()
    assert answers(flight, ticket) == [
        (0, "refused", "1 000 commands wait for their steps already")
    ]


def test_what_waits_is_kept_for_the_process_that_resumes_the_run():
    info = RunInfo("test", "fake", "none", 0, 4, 10, 10**9)
    session = Session(FakeEngine(), info)
    run = LiveRun(lambda on_progress: session, info)
    run.submit(parse("pause"))
    run.submit(Freeze("a"), at=10**8)
    run.start()
    run.wait_for(lambda shown: bool(shown.scheduled), TIMEOUT)
    run.keep_scheduled()
    run.close()
    assert [entry.command for entry in session.journal.entries()] == ["pause"]


def test_leaving_and_failing_answer_what_waits():
    def explode(step: int) -> None:
        if step == 12:
            raise ZeroDivisionError

    info = RunInfo("test", "fake", "none", 0, 4, 10, 10**9)
    session = Session(FakeEngine(), info)
    run = LiveRun(lambda on_progress: session, info)
    run.submit(parse("pause"))
    ticket = run.submit(Freeze("a"), at=10**8)
    run.start()
    run.wait_for(lambda shown: bool(shown.scheduled), TIMEOUT)
    run.close()
    entry = session.journal.entries()[-1]
    assert (entry.ticket, entry.outcome) == (ticket, "refused")
    assert entry.message.endswith("cannot be reached: the run was left at step 0")

    run = LiveRun(lambda on_progress: Session(FakeEngine(explode), info), info)
    ticket = run.submit(Freeze("a"), why="hope", at=10**8)
    entry = run.start().answer(ticket, TIMEOUT)
    assert (entry.outcome, entry.message, entry.why) == ("refused", "the run has failed", "hope")
    assert run.snapshot().scheduled == ()
    run.close()


commands = st.sampled_from(
    [
        "freeze a",
        "rewind 3",
        "rewind 30",
        "undo",
        "pause",
        "resume",
        "step 4",
        "branch main",
        "stop",
    ]
)
moves = st.one_of(
    st.tuples(commands, st.one_of(st.none(), st.integers(0, 60))),
    st.tuples(st.just("cancel"), st.integers(0, 10)),
    st.tuples(st.just("advance"), st.integers(1, 9)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(moves, max_size=25))
def test_every_command_is_answered_once(sequence):
    flight, tickets = fly(40), [FIRST]
    for kind, value in sequence:
        if kind == "advance":
            flight.advance(value or 1)
        elif kind == "cancel":
            flight.access.cancel(tickets[(value or 0) % len(tickets)])
        else:
            tickets.append(flight.access.submit(parse(kind), "ctl", FIRST + len(tickets), at=value))
    flight.visit()
    flight.boundary.commands.refuse_scheduled("the test ends")
    answered = [entry.ticket for entry in flight.session.journal.entries() if entry.ticket]
    assert sorted(answered) == tickets[1:]
    at = {
        FIRST + number: value
        for number, (_, value) in enumerate(
            [move for move in sequence if move[0] not in ("advance", "cancel")], start=1
        )
    }
    for entry in flight.session.journal.entries():
        if entry.ticket and entry.outcome != "refused" and at[entry.ticket] is not None:
            assert entry.step == at[entry.ticket]
