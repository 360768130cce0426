"""Schedules at their boundaries."""

from __future__ import annotations

import math

import pytest

from tuitrain_core.errors import CoreError
from tuitrain_core.schedule import (
    Constant,
    Cosine,
    Exponential,
    Linear,
    LinearDecay,
    Milestones,
    OneCycle,
    Schedule,
    WarmUp,
)

EVERY_KIND = [
    Constant(0.1),
    LinearDecay(0.1, 3, 50, 7),
    Linear(0.1, 0.3, 3, 50, 7),
    Cosine(0.1, 0.02, 3, 50, 7),
    Exponential(0.1, 0.9, 3, 7),
    Milestones(0.1, 0.5, (2, 5, 9), 3, 7),
    OneCycle(0.01, 0.1, 0.001, 3, 50),
    WarmUp(Cosine(0.1, 0.0, 3, 50), 10, 20),
    WarmUp(WarmUp(Constant(0.1), 0, 5), 3, 10),
]
every_kind = pytest.mark.parametrize("schedule", EVERY_KIND, ids=lambda known: known.label)


def test_linear_decay_is_the_loop_over_epochs_bit_for_bit():
    schedule = LinearDecay(start_lr=0.05, start_step=0, duration=10, unit_steps=157)
    for epoch in range(10):
        expected = 0.05 * (1 - float(epoch) / 10)
        for step in (0, 1, 78, 156):
            assert schedule.lr(epoch * 157 + step) == expected


def test_linear_decay_at_its_boundaries():
    schedule = LinearDecay(start_lr=0.3, start_step=100, duration=4, unit_steps=10)
    assert [schedule.lr(step) for step in (0, 99, 100, 109)] == [0.3] * 4
    assert schedule.lr(110) == 0.3 * 0.75
    assert schedule.lr(130) == schedule.lr(139) == pytest.approx(0.3 / 4, rel=1e-15)
    assert [schedule.lr(step) for step in (140, 141, 10**9)] == [0.0] * 3


def test_linear_decay_by_steps():
    schedule = LinearDecay(1.0, 5, 5)
    assert [schedule.lr(step) for step in range(5, 11)] == [1 - t / 5 for t in range(5)] + [0.0]
    assert LinearDecay(1.0, 0, 1).lr(0) == 1.0
    assert LinearDecay(1.0, 0, 1).lr(1) == 0.0


@every_kind
def test_a_schedule_has_no_memory(schedule):
    forwards = [schedule.lr(step) for step in range(500)]
    assert [schedule.lr(step) for step in reversed(range(500))] == forwards[::-1]


@every_kind
def test_every_learning_rate_is_finite_and_not_negative(schedule):
    rates = [schedule.lr(step) for step in (*range(500), 10**6, 10**9)]
    assert all(isinstance(lr, float) and math.isfinite(lr) and lr >= 0 for lr in rates)


@every_kind
def test_a_scaled_schedule_is_multiplied_everywhere(schedule):
    scaled = schedule.scaled(3.0)
    assert scaled.label.partition("→")[0] == schedule.label.partition("→")[0]
    for step in range(500):
        assert scaled.lr(step) == pytest.approx(3.0 * schedule.lr(step), rel=1e-14)
    assert schedule.scaled(1.0) == schedule
    for factor in (-1.0, float("nan"), float("inf")):
        with pytest.raises(CoreError, match="must be a finite number, 0 or more"):
            schedule.scaled(factor)


def stairs(schedule: Schedule, *steps: int) -> list[float]:
    return [schedule.lr(step) for step in steps]


def test_linear_to_0_is_linear_decay_bit_for_bit():
    for start, duration, unit in ((0.05, 10, 157), (0.3, 7, 1), (1e-4, 1, 3)):
        decay = LinearDecay(start, 20, duration, unit)
        assert [Linear(start, 0.0, 20, duration, unit).lr(step) for step in range(2000)] == [
            decay.lr(step) for step in range(2000)
        ]


@pytest.mark.parametrize("kind", [Linear, Cosine])
@pytest.mark.parametrize(("start", "end"), [(0.3, 0.1), (0.1, 0.7), (0.2, 0.2)])
def test_linear_and_cosine_at_their_boundaries(kind, start, end):
    schedule = kind(start, end, start_step=100, duration=4, unit_steps=10)
    assert stairs(schedule, 0, 99, 100, 109) == [start] * 4
    assert schedule.lr(119) == schedule.lr(110)
    assert schedule.lr(120) == pytest.approx((start + end) / 2, rel=1e-15)
    assert stairs(schedule, 140, 141, 10**9) == [end] * 3
    share = 3 / 4 if kind is Linear else (1 - math.cos(math.pi * 3 / 4)) / 2
    assert schedule.lr(139) == pytest.approx(start + (end - start) * share, rel=1e-15)


def test_with_duration_1_the_second_unit_is_the_end():
    assert stairs(Linear(0.5, 0.1, 7, 1), 6, 7, 8) == [0.5, 0.5, 0.1]
    assert stairs(Cosine(0.5, 0.1, 7, 1), 6, 7, 8) == [0.5, 0.5, 0.1]


def test_cosine_is_steepest_in_the_middle_and_the_same_from_both_sides():
    schedule = Cosine(1.0, 0.0, 0, 100)
    falls = [schedule.lr(t) - schedule.lr(t + 1) for t in range(100)]
    assert falls[0] < falls[25] < falls[49]
    assert all(fall > 0 for fall in falls)
    for t in range(101):
        assert schedule.lr(t) == pytest.approx(1.0 - schedule.lr(100 - t), abs=1e-15)


def test_exponential_is_a_power_and_not_a_chain():
    schedule = Exponential(0.3, 0.9, start_step=100, unit_steps=10)
    assert stairs(schedule, 0, 99, 100, 109) == [0.3] * 4
    assert schedule.lr(110) == schedule.lr(119) == 0.3 * 0.9
    assert schedule.lr(100 + 10 * 500) == 0.3 * 0.9**500
    assert schedule.lr(10**9) == 0.0
    assert stairs(Exponential(0.3, 1, 0), 0, 10**6) == [0.3, 0.3]


def test_milestones_are_a_table():
    schedule = Milestones(0.8, 0.5, milestones=(2, 3, 10), start_step=100, unit_steps=10)
    table = {0: 0.8, 99: 0.8, 100: 0.8, 119: 0.8, 120: 0.4, 129: 0.4, 130: 0.2, 199: 0.2}
    assert {step: schedule.lr(step) for step in table} == table
    assert stairs(schedule, 200, 201, 10**9) == [0.1] * 3
    assert stairs(Milestones(0.8, 0.5, (1,), 0), 0, 1, 2) == [0.8, 0.4, 0.4]


def test_milestones_at_every_unit_are_exponential():
    milestones = Milestones(0.3, 0.9, tuple(range(1, 50)), 5, 3)
    exponential = Exponential(0.3, 0.9, 5, 3)
    for step in range(5 + 50 * 3):
        assert milestones.lr(step) == exponential.lr(step)


def test_one_cycle_at_its_boundaries():
    schedule = OneCycle(0.01, 0.1, 0.001, start_step=100, duration=50, warmup_fraction=0.3)
    assert stairs(schedule, 0, 99, 100) == [0.01] * 3
    assert schedule.lr(115) == 0.1
    assert stairs(schedule, 150, 151, 10**9) == [0.001] * 3
    rates = [schedule.lr(step) for step in range(100, 151)]
    assert rates[:16] == sorted(rates[:16])
    assert rates[15:] == sorted(rates[15:], reverse=True)
    assert len(set(rates)) == 51


def test_one_cycle_is_two_half_waves():
    schedule = OneCycle(0.01, 0.1, 0.001, 7, 50, 0.4)
    up, down = Cosine(0.01, 0.1, 7, 20), Cosine(0.1, 0.001, 27, 30)
    assert [schedule.lr(step) for step in range(27)] == [up.lr(step) for step in range(27)]
    assert [schedule.lr(t) for t in range(27, 70)] == [down.lr(t) for t in range(27, 70)]


@pytest.mark.parametrize(("fraction", "duration"), [(1e-9, 10), (1 - 1e-9, 10), (0.5, 2)])
def test_the_peak_of_a_cycle_is_neither_its_first_step_nor_its_last(fraction, duration):
    schedule = OneCycle(0.0, 1.0, 0.0, 0, duration, fraction)
    rates = [schedule.lr(step) for step in range(duration + 1)]
    assert (rates[0], rates[-1], max(rates[1:-1])) == (0.0, 0.0, 1.0)


def test_warm_up_at_its_boundaries():
    schedule = WarmUp(Constant(0.5), start_step=10, duration=4)
    assert stairs(schedule, 0, 9, 10, 11, 12, 13) == pytest.approx(
        [0.1, 0.1, 0.1, 0.2, 0.3, 0.4], rel=1e-15
    )
    assert stairs(schedule, 14, 15, 10**9) == [0.5] * 3


def test_warm_up_does_not_delay_the_inner_schedule():
    inner = Cosine(0.1, 0.0, 5, 50)
    schedule = WarmUp(inner, 5, 9)
    for s in range(9):
        assert schedule.lr(5 + s) == pytest.approx(inner.lr(5 + s) * (s + 1) / 10, rel=1e-15)
    assert [schedule.lr(t) for t in range(14, 60)] == [inner.lr(t) for t in range(14, 60)]


@pytest.mark.parametrize(
    "schedule",
    [
        *EVERY_KIND,
        Constant(0.0),
        LinearDecay(0.0, 3, 5),
        LinearDecay(0.1, 3, 5, 2),
        Linear(0.0, 0.1, 3, 5, 2),
        Linear(0.1, 0.0, 3, 5, 2),
        Linear(0.0, 0.0, 3, 5),
        Cosine(0.0, 0.1, 3, 5),
        Cosine(0.1, 0.0, 3, 5, 2),
        Exponential(0.0, 0.5, 3),
        Milestones(0.0, 0.5, (2,), 3),
        OneCycle(0.0, 0.1, 0.0, 3, 9),
        OneCycle(0.0, 0.0, 0.0, 3, 9),
        WarmUp(LinearDecay(0.1, 3, 5), 3, 20),
    ],
    ids=repr,
)
def test_stays_zero_means_zero_at_every_later_step(schedule):
    rates = [schedule.lr(step) for step in range(600)]
    for step in range(100):
        assert schedule.stays_zero(step) == (not any(rates[step:]))


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
    assert [known.label for known in EVERY_KIND] == [
        "constant",
        "linear→0",
        "linear→0.3",
        "cosine→0.02",
        "exp ×0.9",
        "milestones",
        "1-cycle",
        "warm-up+cosine→0",
        "warm-up+warm-up+constant",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-0.1, 0, 10, 1), "start_lr must be a finite number, 0 or more, but is -0.1"),
        ((float("inf"), 0, 10, 1), "start_lr"),
        (("0.1", 0, 10, 1), "start_lr"),
        ((0.1, -1, 10, 1), "start_step must be an integer, 0 or more, but is -1"),
        ((0.1, 0, 0, 1), "duration must be an integer, 1 or more, but is 0"),
        ((0.1, 0, 1.5, 1), "duration must be an integer"),
        ((0.1, 0, True, 1), "duration must be an integer"),
        ((0.1, 0, 10, 0), "unit_steps must be an integer, 1 or more, but is 0"),
    ],
)
def test_invalid_values_are_errors(arguments, message):
    with pytest.raises(CoreError, match=message):
        LinearDecay(*arguments)


def test_constant_refuses_invalid_rates():
    for value in (-1.0, float("nan"), True, None):
        with pytest.raises(CoreError, match="lr must be a finite number, 0 or more"):
            Constant(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Linear(0.1, -0.1, 0, 1), "end_lr must be a finite number, 0 or more"),
        (lambda: Linear(math.nan, 0.1, 0, 1), "start_lr must be"),
        (lambda: Linear(0.1, 0.1, 0, 0), "duration must be an integer, 1 or more, but is 0"),
        (lambda: Cosine(0.1, math.inf, 0, 1), "end_lr must be"),
        (lambda: Cosine(0.1, 0.0, -1, 1), "start_step must be an integer, 0 or more"),
        (lambda: Cosine(0.1, 0.0, 0, 1, 0), "unit_steps must be an integer, 1 or more"),
        (lambda: Exponential(0.1, 0.0, 0), "factor must be a number above 0, and 1 at most"),
        (lambda: Exponential(0.1, 1.1, 0), "factor must be .* but is 1.1"),
        (lambda: Exponential(-0.1, 0.9, 0), "start_lr must be"),
        (lambda: Exponential(0.1, 0.9, 0.5), "start_step must be"),
        (lambda: Milestones(0.1, 2.0, (1,), 0), "factor must be"),
        (lambda: Milestones(0.1, 0.1, (), 0), r"milestones must be a tuple of one .* but is \(\)"),
        (lambda: Milestones(0.1, 0.1, [1], 0), "milestones must be a tuple"),
        (lambda: Milestones(0.1, 0.1, (0, 1), 0), "every milestone must be .* but is 0"),
        (lambda: Milestones(0.1, 0.1, (1, 2.0), 0), "every milestone .* but is 2.0"),
        (lambda: Milestones(0.1, 0.1, (3, 2), 0), r"milestones must rise .* but is \(3, 2\)"),
        (lambda: Milestones(0.1, 0.1, (2, 2), 0), "milestones must rise"),
        (lambda: OneCycle(0.1, 0.05, 0.0, 0, 10), "peak_lr must be no lower .* but is 0.05"),
        (lambda: OneCycle(0.0, 0.05, 0.1, 0, 10), "peak_lr must be no lower"),
        (lambda: OneCycle(0.0, 0.1, 0.0, 0, 1), "duration must be an integer, 2 or more"),
        (
            lambda: OneCycle(0.0, 0.1, 0.0, 0, 10, 1.0),
            "warmup_fraction must be a number between 0 and 1",
        ),
        (lambda: OneCycle(0.0, 0.1, 0.0, 0, 10, True), "warmup_fraction must be"),
        (lambda: WarmUp(0.1, 0, 10), "inner must be a schedule, but is float"),
        (lambda: WarmUp(Constant(0.1), 0, 0), "duration must be an integer, 1 or more"),
        (lambda: WarmUp(Constant(0.1), -1, 1), "start_step must be"),
    ],
)
def test_invalid_values_of_the_other_kinds_are_errors(make, message):
    with pytest.raises(CoreError, match=message):
        make()
