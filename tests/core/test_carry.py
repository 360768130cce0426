"""What carries over in a swap of optimizers, pair by pair."""

from __future__ import annotations

import numpy as np
import pytest

from tuitrain_core import optimizer as optim
from tuitrain_core.errors import CoreError
from tuitrain_core.optimizer import ParameterState, carry, default_policy, describe
from tuitrain_core.tensor import Parameter, Tensor

PLAIN = {"momentum": 0.0}
HEAVY = {"momentum": 0.9}
ADAM = {"betas": (0.9, 0.99)}
VALUES = np.array([1.0, -2.0, 0.5], "f4")


def velocity(step: int = 7) -> ParameterState:
    return ParameterState(step, {"momentum_buffer": VALUES.copy()})


def moments(step: int = 7) -> ParameterState:
    return ParameterState(step, {"exp_avg": VALUES.copy(), "exp_avg_sq": VALUES * VALUES})


@pytest.mark.parametrize("pair", [("adam", "adamw"), ("adamw", "adam"), ("adam", "adam")])
def test_adam_and_adamw_share_their_state_whole(pair):
    old = moments()
    new = carry(pair[0], ADAM, pair[1], ADAM, old)
    assert new is not None
    assert new.step == 7
    for name, array in old.slots.items():
        np.testing.assert_array_equal(new.slots[name], array)
        assert not np.shares_memory(new.slots[name], array)


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_the_velocitys_mean_gradient_becomes_adams_first_step(name):
    new = carry("sgd", HEAVY, name, ADAM, velocity())
    assert new is not None
    assert new.step == 1
    mean = 0.1 * VALUES
    np.testing.assert_allclose(new.slots["exp_avg"], 0.1 * mean, rtol=1e-6)
    np.testing.assert_allclose(new.slots["exp_avg_sq"], 0.01 * mean * mean, rtol=1e-6)
    assert {array.dtype for array in new.slots.values()} == {np.dtype("f4")}


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_adams_mean_gradient_becomes_a_velocity(name):
    new = carry(name, ADAM, "sgd", HEAVY, moments(step=3))
    assert new is not None
    assert new.step == 3
    expected = VALUES / (1 - 0.9**3) / (1 - 0.9)
    np.testing.assert_allclose(new.slots["momentum_buffer"], expected, rtol=1e-6)


def test_there_and_back_again_is_the_same_velocity():
    there = carry("sgd", HEAVY, "adam", ADAM, velocity())
    assert there is not None
    back = carry("adam", ADAM, "sgd", HEAVY, there)
    assert back is not None
    np.testing.assert_allclose(back.slots["momentum_buffer"], VALUES, rtol=1e-6)


def test_velocities_keep_their_mean_gradient_when_the_momentum_changes():
    same = carry("sgd", HEAVY, "sgd", HEAVY, velocity())
    assert same is not None
    np.testing.assert_array_equal(same.slots["momentum_buffer"], VALUES)
    lighter = carry("sgd", HEAVY, "sgd", {"momentum": 0.5}, velocity())
    assert lighter is not None
    np.testing.assert_allclose(lighter.slots["momentum_buffer"], VALUES / 5, rtol=1e-6)


@pytest.mark.parametrize(
    ("old", "old_hyper", "new", "new_hyper", "state"),
    [
        ("sgd", PLAIN, "adam", ADAM, ParameterState(5)),
        ("sgd", PLAIN, "sgd", HEAVY, ParameterState(5)),
        ("sgd", HEAVY, "sgd", PLAIN, velocity()),
        ("adam", ADAM, "sgd", PLAIN, moments()),
        ("adam", ADAM, "sgd", HEAVY, moments(step=0)),
        ("adamw", ADAM, "sgd", HEAVY, ParameterState(0)),
    ],
)
def test_where_nothing_maps_the_state_begins_anew(old, old_hyper, new, new_hyper, state):
    assert carry(old, old_hyper, new, new_hyper, state) is None


def test_a_state_that_is_not_finite_carries_without_a_warning():
    state = ParameterState(2, {"momentum_buffer": np.array([np.nan, np.inf, 3e38], "f4")})
    new = carry("sgd", HEAVY, "adam", ADAM, state)
    assert new is not None
    assert np.isnan(new.slots["exp_avg"][0])
    assert np.isposinf(new.slots["exp_avg_sq"][1:]).all()


def test_a_scalars_state_stays_an_array():
    state = ParameterState(2, {"momentum_buffer": np.array(2.0, "f4")})
    new = carry("sgd", HEAVY, "adam", ADAM, state)
    assert new is not None
    assert isinstance(new.slots["exp_avg"], np.ndarray)


def test_a_carried_swap_keeps_the_pace_of_a_steady_gradient():
    param = Parameter(np.zeros(2, "f8"))
    heavy = optim.SGD(param, lr=0.01, momentum=0.9)
    for _ in range(400):
        param.grad = Tensor(np.array([1.0, -3.0]))
        heavy.step()
    adam = optim.Adam(param, lr=0.01)
    old, new = heavy.param_groups[0], adam.param_groups[0]
    carried = carry("sgd", old, "adam", new, heavy.state[param])
    assert carried is not None
    adam.state[param] = carried
    before = param.numpy().copy()
    adam.step()
    np.testing.assert_allclose(param.numpy() - before, [-0.01, 0.01], rtol=1e-6)


def test_the_default_is_to_carry_what_maps_whole():
    names = list(optim.RULES)
    carried = {(a, b) for a in names for b in names if default_policy(a, b) == "carry"}
    pairs = {("adam", "adamw"), ("adamw", "adam")}
    assert carried == {(name, name) for name in names} | pairs


def test_every_pair_has_one_sentence():
    for old in optim.RULES:
        for new in optim.RULES:
            text = describe(old, new)
            assert text.endswith(".")
            assert text.count(". ") == 0


def test_unknown_rules_are_refused():
    with pytest.raises(CoreError, match="optimizer 'adm' is unknown"):
        carry("adm", ADAM, "sgd", PLAIN, moments())
    with pytest.raises(CoreError, match="'lamp'"):
        default_policy("sgd", "lamp")
    with pytest.raises(CoreError, match="'lamp'"):
        describe("lamp", "sgd")
