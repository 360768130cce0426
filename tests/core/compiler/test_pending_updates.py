"""Updates prepared for several steps are those prepared one by one."""

import numpy as np
import pytest

from tuitrain_core import Parameter
from tuitrain_core.compiler import PendingUpdate, prepare_updates
from tuitrain_core.optimizer import SGD, Adam, Optimizer
from tuitrain_core.schedule import Cosine, Schedule

FALLING = Cosine(start_lr=0.1, end_lr=0.0, start_step=0, duration=10)


def pending(optimizer: Optimizer, schedule: Schedule | None = None) -> list[PendingUpdate]:
    group = optimizer.param_groups[0]
    return [PendingUpdate(p, optimizer, group, schedule) for p in optimizer.parameters()]


def parameter(dtype: type = np.float32) -> Parameter:
    return Parameter(np.ones(3), dtype)


@pytest.mark.parametrize("rule", [SGD, Adam])
@pytest.mark.parametrize("schedule", [None, FALLING])
def test_many_steps_are_prepared_like_each_of_them_alone(rule, schedule):
    together = pending(rule([parameter()], lr=0.1), schedule)
    alone = pending(rule([parameter()], lr=0.1), schedule)
    (prepared,) = prepare_updates(together, step=3, steps=4) or []
    rows = [(prepare_updates(alone, step) or [])[0].scalars[0] for step in range(3, 7)]
    constant = rule is SGD and schedule is None
    np.testing.assert_array_equal(prepared.scalars, rows[:1] if constant else rows)


def test_a_schedule_gives_the_learning_rate_of_each_step():
    (update,) = prepare_updates(pending(SGD([parameter()], lr=0.1), FALLING), step=3, steps=2) or []
    np.testing.assert_array_equal(update.scalars[:, 0], np.float32([FALLING.lr(3), FALLING.lr(4)]))


def test_only_updates_that_were_made_count():
    optimizer = Adam([parameter()])
    (update,) = updates = pending(optimizer)
    prepare_updates(updates, steps=5)
    update.set_taken(2)
    prepare_updates(updates, steps=5)
    update.set_taken(1)
    assert update.state.step == 3


def test_no_update_counts_if_one_has_no_kernel():
    updates = pending(Adam([parameter(), parameter(np.float64)]))
    assert prepare_updates(updates) is None
    assert [update.state.step for update in updates] == [0, 0]
