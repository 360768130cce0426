"""How late a screen is."""

from __future__ import annotations

from tuitrain.remote.client.lateness import LATE_SECONDS, PING_SECONDS, Lateness
from tuitrain.remote.wire.messages import Pong


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_quick_answer_is_not_late() -> None:
    clock = Clock()
    lateness = Lateness(clock)
    ping = lateness.make_ping()
    clock.now = LATE_SECONDS / 2
    lateness.note_message()
    lateness.note_pong(Pong(ping.number))
    assert lateness.seconds is None


def test_a_slow_round_trip_is_late_until_a_quick_one() -> None:
    clock = Clock()
    lateness = Lateness(clock)
    ping = lateness.make_ping()
    clock.now = 3.0
    lateness.note_message()
    lateness.note_pong(Pong(ping.number))
    assert lateness.seconds == 3.0
    lateness.note_pong(Pong(lateness.make_ping().number))
    assert lateness.seconds is None


def test_a_silent_run_makes_the_screen_later_and_later() -> None:
    clock = Clock()
    lateness = Lateness(clock)
    clock.now = PING_SECONDS + LATE_SECONDS + 4
    assert lateness.seconds == LATE_SECONDS + 4
    lateness.note_message()
    assert lateness.seconds is None


def test_an_answer_to_an_earlier_ping_says_nothing() -> None:
    clock = Clock()
    lateness = Lateness(clock)
    first = lateness.make_ping()
    lateness.make_ping()
    clock.now = 5.0
    lateness.note_message()
    lateness.note_pong(Pong(first.number))
    assert lateness.seconds is None
