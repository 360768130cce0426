"""What carries over in a swap of optimizers, pair by pair."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tuitrain_core import optimizer as optim
from tuitrain_core.errors import CoreError
from tuitrain_core.optimizer import ParameterState, default_policy, transfer_state, transfer_summary
from tuitrain_core.tensor import Parameter, Tensor

PLAIN = {"momentum": 0.0}
HEAVY = {"momentum": 0.9}
ADAM = {"betas": (0.9, 0.99)}
FAMILY = ["adam", "adamw", "lamb"]
RMSPROP = {"alpha": 0.9, "momentum": 0.0, "centered": False}
ADADELTA = {"rho": 0.9}
AVERAGES = {"rmsprop": RMSPROP, "adadelta": ADADELTA}
VALUES = np.array([1.0, -2.0, 0.5], "f4")


def velocity(step: int = 7) -> ParameterState:
    return ParameterState(step, {"momentum_buffer": VALUES.copy()})


def moments(step: int = 7) -> ParameterState:
    return ParameterState(step, {"exp_avg": VALUES.copy(), "exp_avg_sq": VALUES * VALUES})


def average(name: str, step: int = 7) -> ParameterState:
    slots = {"square_avg": VALUES * VALUES}
    return ParameterState(step, slots | ({"acc_delta": VALUES} if name == "adadelta" else {}))


def moved(old: str, old_hyper, new: str, new_hyper, state: ParameterState) -> ParameterState:
    """Carry a state that does carry, and see that the new one is whole and its own."""
    result = transfer_state(old, old_hyper, new, new_hyper, state)
    assert result is not None
    rule = optim.OPTIMIZERS[new]
    assert set(rule.slots) >= set(result.slots) >= set(rule.slots) - set(rule.optional_slots)
    for array in result.slots.values():
        assert (array.shape, array.dtype) == (VALUES.shape, VALUES.dtype)
        assert not any(np.shares_memory(array, slot) for slot in state.slots.values())
    return result


@pytest.mark.parametrize("pair", list(product(FAMILY, FAMILY)))
def test_adam_adamw_and_lamb_share_their_state_whole(pair):
    old = moments()
    new = transfer_state(pair[0], ADAM, pair[1], ADAM, old)
    assert new is not None
    assert new.step == 7
    for name, array in old.slots.items():
        np.testing.assert_array_equal(new.slots[name], array)
        assert not np.shares_memory(new.slots[name], array)


@pytest.mark.parametrize("name", FAMILY)
def test_the_velocitys_mean_gradient_becomes_adams_first_step(name):
    new = transfer_state("sgd", HEAVY, name, ADAM, velocity())
    assert new is not None
    assert new.step == 1
    mean = 0.1 * VALUES
    np.testing.assert_allclose(new.slots["exp_avg"], 0.1 * mean, rtol=1e-6)
    np.testing.assert_allclose(new.slots["exp_avg_sq"], 0.01 * mean * mean, rtol=1e-6)
    assert {array.dtype for array in new.slots.values()} == {np.dtype("f4")}


@pytest.mark.parametrize("name", FAMILY)
def test_adams_mean_gradient_becomes_a_velocity(name):
    new = transfer_state(name, ADAM, "sgd", HEAVY, moments(step=3))
    assert new is not None
    assert new.step == 3
    expected = VALUES / (1 - 0.9**3) / (1 - 0.9)
    np.testing.assert_allclose(new.slots["momentum_buffer"], expected, rtol=1e-6)


def test_a_velocity_survives_a_round_trip():
    there = transfer_state("sgd", HEAVY, "adam", ADAM, velocity())
    assert there is not None
    back = transfer_state("adam", ADAM, "sgd", HEAVY, there)
    assert back is not None
    np.testing.assert_allclose(back.slots["momentum_buffer"], VALUES, rtol=1e-6)


def test_velocities_keep_their_mean_gradient_when_the_momentum_changes():
    same = transfer_state("sgd", HEAVY, "sgd", HEAVY, velocity())
    assert same is not None
    np.testing.assert_array_equal(same.slots["momentum_buffer"], VALUES)
    lighter = transfer_state("sgd", HEAVY, "sgd", {"momentum": 0.5}, velocity())
    assert lighter is not None
    np.testing.assert_allclose(lighter.slots["momentum_buffer"], VALUES / 5, rtol=1e-6)


def test_lions_momentum_is_a_mean_gradient():
    state = ParameterState(7, {"exp_avg": VALUES.copy()})
    speed = moved("lion", ADAM, "sgd", HEAVY, state)
    np.testing.assert_allclose(speed.slots["momentum_buffer"], VALUES * 10, rtol=1e-6)
    back = moved("sgd", HEAVY, "lion", ADAM, speed)
    np.testing.assert_allclose(back.slots["exp_avg"], VALUES, rtol=1e-6)
    assert (speed.step, back.step) == (7, 7)


@pytest.mark.parametrize("name", FAMILY)
def test_lions_momentum_and_the_first_moment(name):
    mean = moved(name, ADAM, "lion", ADAM, moments(step=3))
    np.testing.assert_allclose(mean.slots["exp_avg"], VALUES / (1 - 0.9**3), rtol=1e-6)
    assert mean.step == 3
    back = moved("lion", ADAM, name, ADAM, mean)
    assert back.step == 1
    expected = mean.slots["exp_avg"]
    np.testing.assert_allclose(back.slots["exp_avg"], 0.1 * expected, rtol=1e-6)
    np.testing.assert_allclose(back.slots["exp_avg_sq"], 0.01 * expected**2, rtol=1e-6)


@pytest.mark.parametrize("name", FAMILY)
@pytest.mark.parametrize("other", AVERAGES)
def test_the_mean_square_is_kept(name, other):
    there = moved(name, ADAM, other, AVERAGES[other], moments(step=3))
    np.testing.assert_allclose(there.slots["square_avg"], VALUES**2 / (1 - 0.99**3), rtol=1e-6)
    assert not there.slots.get("acc_delta", np.zeros(1)).any()
    back = moved(other, AVERAGES[other], name, ADAM, there)
    np.testing.assert_allclose(back.slots["exp_avg_sq"], VALUES**2, rtol=1e-6)
    assert not back.slots["exp_avg"].any()
    assert (there.step, back.step) == (3, 3)


@pytest.mark.parametrize(("old", "new"), [("rmsprop", "adadelta"), ("adadelta", "rmsprop")])
def test_rmsprop_and_adadelta_share_the_average_of_the_squares(old, new):
    result = moved(old, AVERAGES[old], new, AVERAGES[new], average(old))
    np.testing.assert_array_equal(result.slots["square_avg"], VALUES**2)
    assert result.step == 7


def test_rmsprop_keeps_the_slots_that_its_new_settings_use():
    slots = {"square_avg": VALUES**2, "grad_avg": VALUES / 2, "momentum_buffer": VALUES * 2}
    state = ParameterState(7, slots)
    full = {**RMSPROP, "centered": True, "momentum": 0.9}
    same = moved("rmsprop", full, "rmsprop", full, state)
    for name, array in slots.items():
        np.testing.assert_array_equal(same.slots[name], array)
    lighter = moved("rmsprop", full, "rmsprop", {**full, "momentum": 0.5}, state)
    np.testing.assert_allclose(lighter.slots["momentum_buffer"], VALUES * 2 / 5, rtol=1e-6)
    assert set(moved("rmsprop", full, "rmsprop", RMSPROP, state).slots) == {"square_avg"}


@pytest.mark.parametrize("name", ["adagrad", "adadelta", "lion"])
def test_within_a_rule_the_state_carries_whole(name):
    slots = {slot: VALUES.copy() for slot in optim.OPTIMIZERS[name].slots}
    same = moved(name, {}, name, {}, ParameterState(7, slots))
    assert same.step == 7
    for array in same.slots.values():
        np.testing.assert_array_equal(array, VALUES)


@pytest.mark.parametrize("other", [name for name in optim.OPTIMIZERS if name != "adagrad"])
def test_adagrads_sum_converts_to_no_other_rule(other):
    state = ParameterState(7, {"sum": VALUES.copy()})
    assert transfer_state("adagrad", {}, other, ADAM | HEAVY, state) is None
    assert transfer_state(other, ADAM | HEAVY, "adagrad", {}, moments()) is None
    assert "is reset, to step 0" in transfer_summary("adagrad", other)


@pytest.mark.parametrize(
    ("old", "old_hyper", "new", "new_hyper", "state"),
    [
        ("sgd", PLAIN, "adam", ADAM, ParameterState(5)),
        ("sgd", PLAIN, "sgd", HEAVY, ParameterState(5)),
        ("sgd", HEAVY, "sgd", PLAIN, velocity()),
        ("adam", ADAM, "sgd", PLAIN, moments()),
        ("adam", ADAM, "sgd", HEAVY, moments(step=0)),
        ("adamw", ADAM, "sgd", HEAVY, ParameterState(0)),
        ("sgd", PLAIN, "lion", ADAM, ParameterState(5)),
        ("lion", ADAM, "sgd", PLAIN, ParameterState(5, {"exp_avg": VALUES})),
        ("lamb", ADAM, "rmsprop", RMSPROP, moments(step=0)),
        ("adadelta", ADADELTA, "adam", ADAM, average("adadelta", step=0)),
        ("rmsprop", RMSPROP, "sgd", HEAVY, average("rmsprop")),
        ("lion", ADAM, "rmsprop", RMSPROP, ParameterState(5, {"exp_avg": VALUES})),
    ],
)
def test_a_state_that_cannot_be_converted_is_reset(old, old_hyper, new, new_hyper, state):
    assert transfer_state(old, old_hyper, new, new_hyper, state) is None


def test_a_state_that_is_not_finite_converts_without_a_warning():
    state = ParameterState(2, {"momentum_buffer": np.array([np.nan, np.inf, 3e38], "f4")})
    new = transfer_state("sgd", HEAVY, "adam", ADAM, state)
    assert new is not None
    assert np.isnan(new.slots["exp_avg"][0])
    assert np.isposinf(new.slots["exp_avg_sq"][1:]).all()


def test_the_state_of_a_scalar_stays_an_array():
    state = ParameterState(2, {"momentum_buffer": np.array(2.0, "f4")})
    new = transfer_state("sgd", HEAVY, "adam", ADAM, state)
    assert new is not None
    assert isinstance(new.slots["exp_avg"], np.ndarray)


def test_a_carried_swap_keeps_the_step_length_of_a_steady_gradient():
    param = Parameter(np.zeros(2), "f8")
    heavy = optim.SGD(param, lr=0.01, momentum=0.9)
    for _ in range(400):
        param.grad = Tensor(np.array([1.0, -3.0]), np.float64)
        heavy.step()
    adam = optim.Adam(param, lr=0.01)
    old, new = heavy.param_groups[0], adam.param_groups[0]
    carried = transfer_state("sgd", old, "adam", new, heavy.state[param])
    assert carried is not None
    adam.state[param] = carried
    before = param.numpy().copy()
    adam.step()
    np.testing.assert_allclose(param.numpy() - before, [-0.01, 0.01], rtol=1e-6)


def test_the_default_is_to_carry_a_state_that_is_kept_whole():
    names = list(optim.OPTIMIZERS)
    carried = {(a, b) for a in names for b in names if default_policy(a, b) == "carry"}
    assert carried == {(name, name) for name in names} | set(product(FAMILY, FAMILY))


def test_every_pair_has_one_sentence():
    for old in optim.OPTIMIZERS:
        for new in optim.OPTIMIZERS:
            text = transfer_summary(old, new)
            assert text.endswith(".")
            assert text.count(". ") == 0
            assert "{" not in text


def test_each_sentence_describes_its_conversion():
    slots = {"momentum_buffer", "exp_avg", "exp_avg_sq", "square_avg", "acc_delta", "sum"}
    hyper = {**HEAVY, **ADAM, **RMSPROP, "momentum": 0.9}
    for old, new in product(optim.OPTIMIZERS, optim.OPTIMIZERS):
        held = {name: VALUES.copy() for name in optim.OPTIMIZERS[old].slots if name in slots}
        result = transfer_state(old, hyper, new, hyper, ParameterState(7, held))
        assert (result is None) == ("is reset, to step 0" in transfer_summary(old, new))
        if result is not None:
            assert (result.step == 7) == ("step counter" in transfer_summary(old, new))


def test_unknown_rules_are_refused():
    with pytest.raises(CoreError, match="optimizer 'adm' is unknown"):
        transfer_state("adm", ADAM, "sgd", PLAIN, moments())
    with pytest.raises(CoreError, match="'lamp'"):
        default_policy("sgd", "lamp")
    with pytest.raises(CoreError, match="'lamp'"):
        transfer_summary("lamp", "sgd")
