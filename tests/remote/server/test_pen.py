"""The pen: one viewer steers, others ask for it."""

from __future__ import annotations

import pytest

from tuitrain.remote.server.pen import NOTICE_SECONDS, Pen, PenView


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pen(clock: Clock) -> Pen:
    """Two viewers, of which the first holds the pen."""
    made = Pen(clock)
    made.join(1, "desk", can_write=True, wants=True)
    made.join(2, "laptop", can_write=True, wants=True)
    return made


def test_the_first_viewer_who_wants_it_holds_it(pen: Pen) -> None:
    assert pen.view(1) == PenView(2, "desk", is_yours=True)
    assert pen.view(2) == PenView(2, "desk", is_yours=False)


def test_a_request_is_shown_to_the_holder_with_the_seconds_left(pen: Pen, clock: Clock) -> None:
    pen.take(2)
    assert pen.holds(1)
    assert pen.view(1) == PenView(2, "desk", True, asked_by="laptop", seconds_left=10)
    assert pen.view(2).is_asking
    clock.now = NOTICE_SECONDS - 1
    assert pen.view(1).seconds_left == 1


def test_without_an_answer_the_pen_passes_after_the_notice(pen: Pen, clock: Clock) -> None:
    pen.take(2)
    clock.now = NOTICE_SECONDS
    assert pen.holds(2)
    assert pen.view(1) == PenView(2, "laptop", is_yours=False)


def test_the_holder_gives_it(pen: Pen) -> None:
    pen.take(2)
    pen.release(1)
    assert pen.holds(2)


def test_the_holder_refuses_once_and_not_twice(pen: Pen, clock: Clock) -> None:
    pen.take(2)
    assert pen.keep(1)
    clock.now = 2 * NOTICE_SECONDS
    assert pen.holds(1)
    pen.take(2)
    assert not pen.keep(1)
    clock.now = 3 * NOTICE_SECONDS
    assert pen.holds(2)


def test_the_pen_of_a_viewer_who_leaves_goes_to_the_one_who_asks(pen: Pen) -> None:
    pen.take(2)
    pen.leave(1)
    assert pen.view(2) == PenView(1, "laptop", is_yours=True)


def test_the_pen_of_a_viewer_who_leaves_is_free(pen: Pen) -> None:
    pen.leave(1)
    assert pen.view(2) == PenView(1, "", is_yours=False)
    pen.take(2)
    assert pen.holds(2)


def test_a_viewer_who_asks_and_leaves_asks_no_more(pen: Pen, clock: Clock) -> None:
    pen.take(2)
    pen.leave(2)
    clock.now = NOTICE_SECONDS
    assert pen.view(1) == PenView(1, "desk", is_yours=True)


def test_a_read_only_viewer_never_holds_it(clock: Clock) -> None:
    pen = Pen(clock)
    pen.join(1, "wall", can_write=False, wants=True)
    pen.take(1)
    assert not pen.holds(1)


def test_only_one_viewer_asks_at_a_time(pen: Pen, clock: Clock) -> None:
    pen.join(3, "phone", can_write=True, wants=True)
    pen.take(2)
    pen.take(3)
    clock.now = NOTICE_SECONDS
    assert pen.holds(2)


def test_viewers_of_one_machine_have_distinct_names(pen: Pen) -> None:
    pen.join(3, "desk", can_write=True, wants=False)
    pen.join(4, "desk", can_write=False, wants=False)
    pen.take(3)
    assert pen.view(1).asked_by == "desk 2"
    pen.leave(3)
    pen.join(5, "desk", can_write=True, wants=False)
    pen.take(5)
    assert pen.view(1).asked_by == "desk 2"
