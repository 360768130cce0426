"""The keys that change the pace of a run."""

from __future__ import annotations

import pytest

from tests.app.fake import TITLE, FakeClock, running
from tuitrain.app.renderables.header import header_rows
from tuitrain.app.screens.deck.pace import PaceFollower, next_pace


@pytest.mark.parametrize(
    ("pace", "speed", "slower", "faster"),
    [
        (None, 2500.0, 2000, None),
        (None, 0.0, 50_000, None),
        (25, 25.0, 20, 50),
        (200, 0.0, 100, 500),
        (1, 1.0, 1, 2),
        (0.5, 0.5, 1, 1),
        (2000, 1990.0, 1000, 5000),
        (5000, 2000.0, 1000, None),
        (50_000, 49_000.0, 20_000, None),
    ],
)
def test_the_keys_go_down_and_up_through_round_paces(pace, speed, slower, faster):
    assert next_pace(pace, speed, -1) == slower
    assert next_pace(pace, speed, 1) == faster


async def test_the_keys_send_the_pace(opened):
    async with opened() as person:
        person.source.show(pace=25.0, samples_per_second=0.0)
        await person.look()
        await person.press("right_parenthesis", "left_parenthesis")
        assert person.sent == ["speed 50", "speed 20"]


def test_the_header_says_the_pace():
    def text(**changes) -> str:
        rows = header_rows(running(**changes), 120)
        return "".join(piece for piece, _ in rows[1])

    assert "at most 25 steps/s" in text(pace=25.0)
    assert "at most" not in text()


def test_the_next_pace_waits_for_a_throughput_of_the_present_one():
    clock = FakeClock()
    paces = PaceFollower(clock)

    def shown(pace: float, steps: float):
        snapshot = running(pace=pace, samples_per_second=steps * TITLE.batch_size)
        paces.follow(snapshot)
        return snapshot

    clock.now += 10
    assert paces.request(shown(50.0, 50.0), 1) == 100
    assert paces.request(shown(100.0, 55.0), 1) == 200  # the meter still has the former pace
    slow = shown(200.0, 55.0)
    clock.now += 10
    assert paces.request(slow, 1) is None  # too slow for the present pace


def test_keys_pressed_before_a_snapshot_add_up():
    clock = FakeClock()
    paces = PaceFollower(clock)
    snapshot = running(pace=10.0, samples_per_second=0.0)
    paces.follow(snapshot)
    assert [paces.request(snapshot, 1) for _ in range(3)] == [20, 50, 100]
