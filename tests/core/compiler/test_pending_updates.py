"""The updates of steps to come: one is laid out as many are."""

import numpy as np
import pytest

from tuitrain_core import Parameter
from tuitrain_core.compiler import PendingUpdate, prepare_updates
from tuitrain_core.optimizer import SGD, Adam, Optimizer
from tuitrain_core.schedule import Cosine, Schedule

FALLING = Cosine(start_lr=0.1, end_lr=0.0, start_step=0, duration=10)


def coming(optimizer: Optimizer, schedule: Schedule | None = None) -> list[PendingUpdate]:
    group = optimizer.param_groups[0]
    return [PendingUpdate(each, optimizer, group, schedule) for each in optimizer.parameters()]


def parameter(dtype: type = np.float32) -> Parameter:
    return Parameter(np.ones(3, dtype))


@pytest.mark.parametrize("rule", [SGD, Adam])
@pytest.mark.parametrize("schedule", [None, FALLING])
def test_many_steps_are_laid_out_as_each_of_them_alone(rule, schedule):
    together = coming(rule([parameter()], lr=0.1), schedule)
    alone = coming(rule([parameter()], lr=0.1), schedule)
    (many,) = prepare_updates(together, step=3, steps=4) or []
    rows = [(prepare_updates(alone, step) or [])[0].scalars[0] for step in range(3, 7)]
    steady = rule is SGD and schedule is None
    np.testing.assert_array_equal(many.scalars, rows[:1] if steady else rows)


def test_a_schedule_says_the_learning_rate_of_each_step():
    (update,) = prepare_updates(coming(SGD([parameter()], lr=0.1), FALLING), step=3, steps=2) or []
    np.testing.assert_array_equal(update.scalars[:, 0], np.float32([FALLING.lr(3), FALLING.lr(4)]))


def test_so_many_count_as_were_made():
    optimizer = Adam([parameter()])
    (each,) = laid_out = coming(optimizer)
    prepare_updates(laid_out, steps=5)
    each.set_taken(2)
    prepare_updates(laid_out, steps=5)
    each.set_taken(1)
    assert each.state.step == 3


def test_where_one_has_no_kernel_none_counts():
    found = coming(Adam([parameter(), parameter(np.float64)]))
    assert prepare_updates(found) is None
    assert [each.state.step for each in found] == [0, 0]
