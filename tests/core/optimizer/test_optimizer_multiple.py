"""MultipleOptimizer: several optimizers behind one face."""

from __future__ import annotations

import numpy as np
import pytest

from tuitrain_core import optimizer as optim
from tuitrain_core.errors import CoreError, ShapeError, StateError
from tuitrain_core.tensor import Parameter, Tensor


def parameter() -> Parameter:
    param = Parameter(np.ones(3, "f4"))
    param.grad = Tensor(np.ones(3, "f4"))
    return param


def test_it_steps_and_clears_all_and_chains():
    a, b = parameter(), parameter()
    both = optim.MultipleOptimizer(optim.SGD(a, lr=0.5), optim.Adam(b, lr=0.25))
    assert both.step().clear_grad() is both
    np.testing.assert_allclose(a.numpy(), 0.5)
    np.testing.assert_allclose(b.numpy(), 0.75)
    assert (a.grad, b.grad) == (None, None)
    assert set(both.statistics) == {a, b}
    assert [type(opt) for opt in both.opts] == [optim.SGD, optim.Adam]


def test_its_groups_are_the_optimizers_own():
    a, b = parameter(), parameter()
    both = optim.MultipleOptimizer(optim.SGD(a, lr=0.5), optim.Adam(b, lr=0.25))
    for group in both.param_groups:
        group["lr"] = 0.0
    both.step()
    np.testing.assert_array_equal([a.numpy(), b.numpy()], 1.0)


def test_a_parameter_in_two_optimizers_is_refused_also_later():
    a, b = parameter(), parameter()
    with pytest.raises(CoreError, match="in two optimizers"):
        optim.MultipleOptimizer(optim.SGD(a, lr=0.5), optim.Adam(a))
    first = optim.SGD(a, lr=0.5)
    both = optim.MultipleOptimizer(first, optim.Adam(b))
    first.add_param_group({"params": b})
    with pytest.raises(CoreError, match="in two optimizers"):
        both.step()


def test_a_value_that_is_not_an_optimizer_is_refused():
    with pytest.raises(CoreError, match="at least one optimizer"):
        optim.MultipleOptimizer()
    with pytest.raises(CoreError, match="expected an optimizer, but was given list"):
        optim.MultipleOptimizer([optim.Adam(parameter())])  # type: ignore[arg-type]


def test_an_error_in_the_last_optimizer_keeps_the_first_from_writing():
    a, b = parameter(), parameter()
    both = optim.MultipleOptimizer(optim.SGD(a, lr=0.5), optim.Adam(b))
    both.param_groups[1]["lr"] = -1.0
    with pytest.raises(CoreError, match="adam, group 0: lr"):
        both.step()
    both.param_groups[1]["lr"] = 0.1
    b.grad = Tensor(np.ones(4, "f4"))
    with pytest.raises(ShapeError):
        both.step()
    np.testing.assert_array_equal(a.numpy(), 1.0)


def test_state_is_loaded_whole_or_not_at_all():
    def make() -> optim.MultipleOptimizer:
        first = optim.SGD(parameter(), lr=0.5, momentum=0.9)
        return optim.MultipleOptimizer(first, optim.Adam(parameter()))

    saved = make().step().state_dict()
    fresh = make()
    fresh.load_state_dict(saved)
    assert fresh.opts[0].state[fresh.opts[0].parameters()[0]].step == 1
    wrong = {"opts": saved["opts"][::-1]}
    with pytest.raises(StateError, match=r"optimizer 0: .*'adam'.*; optimizer 1: .*'sgd'"):
        make().load_state_dict(wrong)
    with pytest.raises(StateError, match="states of 2 optimizers"):
        make().load_state_dict({"opts": []})
