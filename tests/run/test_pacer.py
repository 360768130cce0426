"""The pace of a run: steps are spread over time only where a viewer is there."""

import itertools

import pytest

from tests.run.fake_engine import FakeEngine
from tests.run.test_attendance import HEAD, Flight, fly_alone
from tuitrain.commands import parse
from tuitrain.records.checkpoint_format import decode_state, encode_state, state_arrays
from tuitrain.run.checkpoint_policy import CheckpointPolicy
from tuitrain.run.journal_entry import NO_TICKET
from tuitrain.run.live.access import LiveAccess
from tuitrain.run.live.boundary import Boundary
from tuitrain.run.live.pacer import BURST_SECONDS, MAX_LAG_SECONDS, Pacer
from tuitrain.run.session import Session
from tuitrain.run.snapshot import RunInfo
from tuitrain.scenario.events import Ended

INFO = RunInfo("test", "fake", "none", 0, 4, 1000, 1000)


class FakeClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def take_steps(pacer: Pacer, clock: FakeClock, pace: float | None, seconds: float) -> int:
    """Train for some seconds with steps that take no time; return the steps taken."""
    end, steps = clock.now + seconds, 0
    while clock.now < end:
        if wait := pacer.seconds_to_next(pace):
            clock.now += min(wait, end - clock.now)
            continue
        burst = pacer.burst_steps(pace) or 1
        pacer.start_burst(pace)
        pacer.count(burst)
        steps += burst
    return steps


@pytest.mark.parametrize("pace", [0.5, 1, 3, 60, 150, 5000])
def test_steps_are_spread_evenly_over_time(pace):
    clock = FakeClock()
    taken = take_steps(Pacer(clock), clock, pace, 20)
    assert taken == pytest.approx(20 * pace, abs=1 + pace * (BURST_SECONDS + MAX_LAG_SECONDS))


def test_without_a_pace_no_burst_waits_or_is_limited():
    clock = FakeClock()
    pacer = Pacer(clock)
    pacer.start_burst(None)
    pacer.count(10**6)
    assert (pacer.seconds_to_next(None), pacer.burst_steps(None)) == (0.0, None)


def test_a_new_pace_counts_from_the_next_step():
    clock = FakeClock()
    pacer = Pacer(clock)
    pacer.start_burst(None)
    pacer.count(10**6)  # at full speed, before the pace was set
    assert pacer.seconds_to_next(10) == pytest.approx(0.1)
    take_steps(pacer, clock, 0.1, 1)
    assert pacer.seconds_to_next(1000) == 0


def test_a_run_that_was_late_does_not_race_to_catch_up():
    clock = FakeClock()
    pacer = Pacer(clock)
    take_steps(pacer, clock, 100, 1)
    clock.now += 60  # paused
    assert take_steps(pacer, clock, 100, 1) <= 100 + 10 + 4


def test_a_burst_waits_for_its_time_only_while_a_viewer_is_there():
    clock = FakeClock()
    session = Session(
        FakeEngine(), INFO, policy=CheckpointPolicy(cache_every=1000, checkpoint_every=1000)
    )
    access = LiveAccess(INFO, clock)
    boundary = Boundary(session, access, clock)
    session.apply_command(parse("speed 1000"), "key", NO_TICKET)
    assert len(boundary.run_burst(max_steps=100)) == 100, "without a viewer: full speed"
    viewer = access.open_viewer()
    boundary.visit()
    while boundary.run_burst():  # what was due before
        pass
    for _ in range(3):
        clock.now += BURST_SECONDS
        assert len(boundary.run_burst()) == 1000 * BURST_SECONDS
        assert len(boundary.run_burst()) == 0, "the next step is not due"
    assert viewer.snapshot().pace == 1000
    session.apply_command(parse("speed max"), "key", NO_TICKET)
    assert len(boundary.run_burst(max_steps=500)) == 500


def test_a_run_without_a_viewer_ignores_its_pace_and_has_the_same_bits(tmp_path):
    paced = HEAD + '[[at]]\nstep = 3\ndo = "speed 0.01"\n'
    alone, slow = (fly_alone(tmp_path / name, text) for name, text in (("a", HEAD), ("b", paced)))
    ends = [next(event for event in events if isinstance(event, Ended)) for events in (alone, slow)]
    assert ends[0].digest == ends[1].digest


def test_a_change_of_pace_is_answered_and_written_to_the_journal(tmp_path):
    flight = Flight(tmp_path / "run")
    flight.viewer.submit(parse("pause"), at=5)
    flight.start().paused_at(5)
    answers = [flight.do(text) for text in ("speed 20", "speed 20", "speed max")]
    assert [(entry.outcome, entry.message) for entry in answers] == [
        ("applied", "full speed → 20 steps/s"),
        ("unchanged", "the pace is 20 steps/s already"),
        ("applied", "20 steps/s → full speed"),
    ]
    flight.do("resume")
    assert flight.join()


@pytest.mark.parametrize("pace", ["speed 20", "speed max"])
def test_a_checkpoint_keeps_the_pace(pace):
    session = Session(FakeEngine(), INFO)
    for text in itertools.chain(["speed 5"], [pace]):
        session.apply_command(parse(text), "key", NO_TICKET)
    state = session.state()
    read = decode_state(encode_state(state), state_arrays(state))
    other = Session(FakeEngine(), INFO)
    other.restore(read)
    assert other.pace == session.pace
