"""Schedules at their boundaries."""

from __future__ import annotations

import pytest

from tuitrain_core.errors import CoreError
from tuitrain_core.schedule import Constant, LinearDecay


def test_linear_decay_is_the_loop_over_epochs_bit_for_bit():
    schedule = LinearDecay(start_lr=0.05, start_step=0, over=10, unit_steps=157)
    for epoch in range(10):
        expected = 0.05 * (1 - float(epoch) / 10)
        for step in (0, 1, 78, 156):
            assert schedule.lr(epoch * 157 + step) == expected


def test_linear_decay_at_its_boundaries():
    schedule = LinearDecay(start_lr=0.3, start_step=100, over=4, unit_steps=10)
    assert [schedule.lr(step) for step in (0, 99, 100, 109)] == [0.3] * 4
    assert schedule.lr(110) == 0.3 * 0.75
    assert schedule.lr(130) == schedule.lr(139) == pytest.approx(0.3 / 4, rel=1e-15)
    assert [schedule.lr(step) for step in (140, 141, 10**9)] == [0.0] * 3


def test_linear_decay_by_steps():
    schedule = LinearDecay(1.0, 5, 5)
    assert [schedule.lr(step) for step in range(5, 11)] == [1 - t / 5 for t in range(5)] + [0.0]
    assert LinearDecay(1.0, 0, 1).lr(0) == 1.0
    assert LinearDecay(1.0, 0, 1).lr(1) == 0.0


def test_a_schedule_has_no_memory():
    schedule = LinearDecay(0.1, 3, 50)
    forwards = [schedule.lr(step) for step in range(60)]
    assert [schedule.lr(step) for step in reversed(range(60))] == forwards[::-1]


def test_scaling_multiplies_the_peak_and_keeps_the_shape():
    schedule = LinearDecay(0.1, 3, 50, 7)
    assert schedule.scaled(2.0) == LinearDecay(0.2, 3, 50, 7)
    assert Constant(0.1).scaled(0.0).lr(5) == 0.0
    assert schedule.start_lr == 0.1
    with pytest.raises(CoreError, match="start_lr must be a finite number, 0 or more"):
        schedule.scaled(-1.0)
    with pytest.raises(CoreError, match="lr must be a finite number"):
        Constant(0.1).scaled(float("nan"))


def test_constant():
    assert {Constant(0.25).lr(step) for step in (0, 1, 10**9)} == {0.25}


def test_labels():
    assert (Constant(0.1).label, LinearDecay(0.1, 0, 1).label) == ("constant", "linear→0")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((-0.1, 0, 10, 1), "start_lr must be a finite number, 0 or more, but is -0.1"),
        ((float("inf"), 0, 10, 1), "start_lr"),
        (("0.1", 0, 10, 1), "start_lr"),
        ((0.1, -1, 10, 1), "start_step must be an integer, 0 or more, but is -1"),
        ((0.1, 0, 0, 1), "over must be an integer, 1 or more, but is 0"),
        ((0.1, 0, 1.5, 1), "over must be an integer"),
        ((0.1, 0, True, 1), "over must be an integer"),
        ((0.1, 0, 10, 0), "unit_steps must be an integer, 1 or more, but is 0"),
    ],
)
def test_what_is_not_allowed_is_told(given, said):
    with pytest.raises(CoreError, match=said):
        LinearDecay(*given)


def test_constant_refuses_what_is_no_rate():
    for value in (-1.0, float("nan"), True, None):
        with pytest.raises(CoreError, match="lr must be a finite number, 0 or more"):
            Constant(value)  # type: ignore[arg-type]
