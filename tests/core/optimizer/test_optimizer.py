"""Optimizer: groups, checks, what is skipped, what is held, what is measured."""

from __future__ import annotations

import numpy as np
import pytest

from tuitrain_core import optimizer as optim
from tuitrain_core.errors import CoreError, ShapeError
from tuitrain_core.module import Linear
from tuitrain_core.tensor import Parameter, Tensor, wrap

EVERY_RULE = [
    lambda params, **more: optim.SGD(params, **{"lr": 0.1, **more}),
    lambda params, **more: optim.SGD(params, **{"lr": 0.1, "momentum": 0.9, **more}),
    lambda params, **more: optim.SGD(
        params, **{"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1, **more}
    ),
    lambda params, **more: optim.Adam(params, **{"lr": 0.1, "weight_decay": 0.1, **more}),
    lambda params, **more: optim.AdamW(params, **{"lr": 0.1, **more}),
    lambda params, **more: optim.RMSprop(params, **{"lr": 0.1, "weight_decay": 0.1, **more}),
    lambda params, **more: optim.RMSprop(
        params, **{"lr": 0.1, "momentum": 0.9, "centered": True, **more}
    ),
    lambda params, **more: optim.Adagrad(params, **{"lr": 0.1, "weight_decay": 0.1, **more}),
    lambda params, **more: optim.Adadelta(params, **{"lr": 0.1, "weight_decay": 0.1, **more}),
    lambda params, **more: optim.LAMB(params, **{"lr": 0.1, **more}),
    lambda params, **more: optim.Lion(params, **{"lr": 0.1, "weight_decay": 0.1, **more}),
]
NAMES = "sgd momentum nesterov adam adamw rmsprop centered adagrad adadelta lamb lion"
every_rule = pytest.mark.parametrize("make", EVERY_RULE, ids=NAMES.split())


def parameter(*shape: int, seed: int = 0) -> Parameter:
    return Parameter(np.random.default_rng(seed).standard_normal(shape).astype("f4"))


def set_grad(param: Parameter, value: float | np.ndarray = 1.0) -> None:
    param.grad = Tensor(np.broadcast_to(np.asarray(value, param.dtype), param.shape).copy())


def everything(opt: optim.Optimizer, param: Parameter) -> tuple:
    state = opt.state[param]
    slots = {name: array.tobytes() for name, array in state.slots.items()}
    return param.numpy().tobytes(), state.step, slots


def test_groups_hold_every_hyper_parameter_and_fall_back_to_the_constructors():
    a, b, c = parameter(2), parameter(3), parameter(4)
    opt = optim.SGD([{"params": [a, b]}, {"params": c, "lr": 0.01, "momentum": 0.5}], lr=0.05)
    assert opt.param_groups == [
        {"params": [a, b], "lr": 0.05, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0},
        {"params": [c], "lr": 0.01, "momentum": 0.5, "nesterov": False, "weight_decay": 0.0},
    ]
    assert opt.parameters() == [a, b, c]


def test_parameters_may_come_alone_as_a_list_as_an_iterator_and_in_dicts():
    a, b = parameter(2), parameter(3)
    assert optim.SGD(a, lr=1).parameters() == [a]
    assert optim.SGD([a, b], lr=1).parameters() == [a, b]
    assert optim.SGD(iter([a, b]), lr=1).parameters() == [a, b]
    assert optim.SGD([{"params": iter([a, b])}], lr=1).parameters() == [a, b]
    assert optim.SGD({"params": a, "lr": 2}, lr=1).param_groups[0]["lr"] == 2


def test_the_callers_dict_stays_as_it_was():
    plain = {"params": [parameter(2)]}
    opt = optim.Adam([plain])
    opt.param_groups[0]["lr"] = 5.0
    assert list(plain) == ["params"]


def test_defaults_and_names_are_those_of_the_constructor():
    assert optim.SGD.defaults() == {"momentum": 0.0, "nesterov": False, "weight_decay": 0.0}
    assert optim.SGD.hyper_parameters() == ("lr", "momentum", "nesterov", "weight_decay")
    adam = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0}
    assert optim.Adam.defaults() == adam
    assert optim.AdamW.defaults() == adam | {"weight_decay": 1e-2}
    assert optim.RMSprop.defaults() == {
        "lr": 1e-2,
        "alpha": 0.99,
        "eps": 1e-8,
        "momentum": 0.0,
        "centered": False,
        "weight_decay": 0.0,
    }
    adagrad = {"lr": 1e-2, "lr_decay": 0.0, "eps": 1e-10, "weight_decay": 0.0}
    assert optim.Adagrad.defaults() == adagrad
    assert optim.Adadelta.defaults() == {"lr": 1.0, "rho": 0.9, "eps": 1e-6, "weight_decay": 0.0}
    assert optim.LAMB.defaults() == adam | {"eps": 1e-6, "weight_decay": 1e-2}
    assert optim.Lion.defaults() == {"lr": 1e-4, "betas": (0.9, 0.99), "weight_decay": 0.0}
    for name, rule in optim.OPTIMIZERS.items():
        assert rule.rule == name
        group = rule(parameter(1), lr=0.1).param_groups[0]
        assert tuple(group) == ("params", *rule.hyper_parameters())


def test_each_parameter_is_a_parameter_and_listed_once():
    a, b = parameter(2), parameter(3)
    with pytest.raises(CoreError, match="needs at least one parameter"):
        optim.SGD([], lr=0.1)
    with pytest.raises(CoreError, match="group 1: a group needs at least one parameter"):
        optim.SGD([{"params": [a]}, {"params": []}], lr=0.1)
    with pytest.raises(CoreError, match="a group needs 'params'"):
        optim.SGD([{"lr": 0.1}], lr=0.1)
    with pytest.raises(CoreError, match="group 1: a parameter is in two groups"):
        optim.SGD([{"params": [a, b]}, {"params": [b]}], lr=0.1)
    with pytest.raises(CoreError, match="listed twice"):
        optim.SGD([a, a], lr=0.1)
    with pytest.raises(CoreError, match="expected a Parameter, but was given Tensor"):
        optim.SGD([Tensor([1.0])], lr=0.1)  # type: ignore[list-item]
    with pytest.raises(CoreError, match="one is float16"):
        optim.SGD(Parameter(np.ones(2, "f2")), lr=0.1)


def test_a_group_that_is_refused_leaves_the_optimizer_as_it_was():
    a, b = parameter(2), parameter(3)
    opt = optim.SGD(a, lr=0.1)
    with pytest.raises(CoreError, match="group 1: lr must be"):
        opt.add_param_group({"params": b, "lr": -1})
    assert opt.parameters() == [a]
    opt.add_param_group({"params": b, "lr": 0.2})
    assert [group["lr"] for group in opt.param_groups] == [0.1, 0.2]


@every_rule
def test_step_and_clear_grad_chain(make):
    param = parameter(3)
    opt = make([param])
    set_grad(param)
    assert opt.step().clear_grad() is opt
    assert param.grad is None


@every_rule
def test_a_parameter_without_gradient_keeps_weights_and_state(make):
    frozen, trained = parameter(5, seed=1), parameter(5, seed=1)
    opt = make([frozen, trained])
    for _ in range(3):
        set_grad(frozen, 0.5)
        set_grad(trained, 0.5)
        opt.step()
    opt.clear_grad()
    before, weights = everything(opt, frozen), trained.numpy().copy()
    for _ in range(5):
        set_grad(trained, 0.5)
        opt.step()
    assert everything(opt, frozen) == before
    assert opt.state[trained].step == 8
    assert not np.array_equal(trained.numpy(), weights)
    assert set(opt.statistics) == {trained}


@every_rule
def test_a_parameter_that_never_had_a_gradient_has_no_state(make):
    param = parameter(2)
    opt = make([param]).step()
    assert opt.state == {}
    assert opt.statistics == {}


@every_rule
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.0])
def test_lr_0_keeps_the_weights_bit_for_bit_and_updates_the_state(make, value):
    param = Parameter(np.array([1.5, -0.0, 0.0, 1e-42, -3e38], "f4"))
    before = param.numpy().tobytes()
    opt = make([param], lr=0.0)
    for _ in range(3):
        set_grad(param, value)
        opt.step()
    assert param.numpy().tobytes() == before
    assert opt.state[param].step == 3
    assert all(array.any() for array in opt.state[param].slots.values())
    assert opt.statistics[param].update_norm == 0.0


@every_rule
def test_statistics_are_the_norms_of_the_update(make):
    param = parameter(37, 41)
    opt = make([param])
    for seed in range(3):
        before = param.numpy().astype("f8")
        grad = np.random.default_rng(seed).standard_normal(param.shape).astype("f4")
        set_grad(param, grad)
        opt.step()
    after, seen = param.numpy().astype("f8"), opt.statistics[param]
    assert seen.update_norm == pytest.approx(np.linalg.norm(after - before), rel=1e-12)
    assert seen.weight_norm == pytest.approx(np.linalg.norm(after), rel=1e-12)
    assert seen.grad_norm == pytest.approx(np.linalg.norm(grad.astype("f8")), rel=1e-12)
    assert seen.relative_update == seen.update_norm / seen.weight_norm


def test_the_relative_update_of_zero_weights():
    assert optim.UpdateStatistics(0.0, 0.0, 1.0).relative_update == 0.0
    assert optim.UpdateStatistics(1.0, 0.0, 1.0).relative_update == float("inf")


@every_rule
def test_a_gradient_of_another_shape_stops_the_step_before_it_writes(make):
    first, second = parameter(3), parameter(4)
    opt = make([first, second])
    set_grad(first)
    second.grad = Tensor(np.ones(5, "f4"))
    before = first.numpy().tobytes()
    with pytest.raises(ShapeError, match=r"shape \(4,\) has a gradient of \(5,\)"):
        opt.step()
    assert first.numpy().tobytes() == before
    assert opt.state == {}


class Transposed(Tensor):
    """A tensor whose array is not contiguous."""

    @property
    def shape(self) -> tuple[int, ...]:
        return super().shape[::-1]

    def memory(self) -> np.ndarray:
        return super().memory().T


def test_a_gradient_may_have_any_layout_and_float_dtype():
    param = Parameter(np.zeros((2, 3), "f4"))
    param.grad = Transposed(np.arange(6.0).reshape(3, 2))
    optim.SGD(param, lr=1.0).step()
    np.testing.assert_array_equal(param.numpy(), -np.arange(6.0, dtype="f4").reshape(3, 2).T)


def test_a_module_in_place_of_parameters_is_named():
    net = Linear(2, 3)
    with pytest.raises(CoreError, match=r"sgd, group 0: .* given Linear: pass its parameters\(\)"):
        optim.SGD(net, lr=0.1)
    with pytest.raises(CoreError, match="expected a Parameter, but was given NoneType"):
        optim.SGD([{"params": None}], lr=0.1)
    opt = optim.SGD(net.parameters(), lr=0.1)
    with pytest.raises(CoreError, match="group 1: a group is a dict, but was given list"):
        opt.add_param_group([parameter(2)])  # type: ignore[arg-type]
    for call in (opt.reset_state, opt.remove, lambda params: optim.clip_grad_norm(params, 1.0)):
        with pytest.raises(CoreError, match="expected a Parameter, but was given Linear: pass"):
            call(net)


def test_a_gradient_that_is_no_tensor_stops_the_step_before_it_writes():
    first, second = parameter(3), parameter(4)
    set_grad(first)
    second.grad = np.ones(4, "f4")  # type: ignore[assignment]
    before = first.numpy().tobytes()
    with pytest.raises(CoreError, match="a gradient is a Tensor, but a parameter has ndarray"):
        optim.SGD([first, second], lr=0.1).step()
    assert first.numpy().tobytes() == before


def test_a_rule_is_found_by_its_name_alone():
    for name in ("adamm", ["adam"], None):
        with pytest.raises(CoreError, match="is unknown; known are sgd, adam"):
            optim.get_optimizer_class(name)  # type: ignore[arg-type]


def test_betas_of_a_list_belong_to_one_group():
    betas = [0.9, 0.99]
    opt = optim.Adam([{"params": parameter(2)}, {"params": parameter(3)}], betas=betas)
    betas[0] = 0.5
    assert [group["betas"] for group in opt.param_groups] == [(0.9, 0.99)] * 2
    opt.param_groups[0]["betas"] = betas
    saved = opt.state_dict()
    betas[1] = 0.8
    assert saved["param_groups"][0]["betas"] == (0.5, 0.99)
    loaded = [0.1, 0.2]
    saved["param_groups"][1]["betas"] = loaded
    opt.load_state_dict(saved)
    loaded[0] = 0.3
    assert [group["betas"] for group in opt.param_groups] == [(0.5, 0.99), (0.1, 0.2)]


def test_zero_grad_clears_gradients_that_are_not_finite():
    first, second = Parameter(np.ones(3)), Parameter(np.ones(2))
    first.grad = wrap(np.array([np.nan, np.inf, -1.0], np.float32))
    optim.SGD([first, second], lr=0.1).zero_grad()
    assert first.grad.numpy().tobytes() == bytes(12)
    assert second.grad is None
