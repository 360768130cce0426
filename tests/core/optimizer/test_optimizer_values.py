"""Hyper-parameters: what is refused, in constructor, group and live edit, and the error message."""

from __future__ import annotations

import numpy as np
import pytest

from tuitrain_core import optimizer as optim
from tuitrain_core.errors import CoreError
from tuitrain_core.tensor import Parameter, wrap


def parameter(*shape: int) -> Parameter:
    return Parameter(np.random.default_rng(0).standard_normal(shape).astype("f4"))


def set_grad(param: Parameter) -> None:
    param.grad = wrap(np.ones(param.shape, param.dtype))


@pytest.mark.parametrize(
    ("hyper", "message"),
    [
        ({"lr": -0.1}, "lr must be a finite number, 0 or more, but is -0.1"),
        ({"lr": float("nan")}, "lr must be a finite number, 0 or more, but is nan"),
        ({"lr": float("inf")}, "lr must be"),
        ({"lr": "0.1"}, "lr must be a finite number, 0 or more, but is '0.1'"),
        ({"lr": True}, "lr must be"),
        ({"lr": None}, "lr must be"),
        ({"momentum": 1.0}, r"momentum must be a number in \[0, 1\), but is 1.0"),
        ({"momentum": -0.1}, "momentum must be"),
        ({"weight_decay": -1e-9}, "weight_decay must be a finite number, 0 or more"),
        ({"nesterov": 1, "momentum": 0.9}, "nesterov must be True or False, but is 1"),
        ({"nesterov": True}, "nesterov needs momentum above 0, but momentum is 0.0"),
    ],
)
def test_sgd_refuses_values_in_constructor_group_and_live_edit_alike(hyper, message):
    with pytest.raises(CoreError, match=message):
        optim.SGD(parameter(2), **{"lr": 0.1, **hyper})
    with pytest.raises(CoreError, match=f"sgd, group 0: .*{message}"):
        optim.SGD([{"params": parameter(2), **hyper}], lr=0.1)
    param = parameter(2)
    set_grad(param)
    opt = optim.SGD(param, lr=0.1)
    opt.param_groups[0].update(hyper)
    before = param.numpy().copy()
    with pytest.raises(CoreError, match=message):
        opt.step()
    np.testing.assert_array_equal(param.numpy(), before)
    assert opt.state == {}


@pytest.mark.parametrize(
    ("hyper", "message"),
    [
        (
            {"betas": (0.9, 1.0)},
            r"betas must be two numbers, each in \[0, 1\), but is \(0.9, 1.0\)",
        ),
        ({"betas": (-0.1, 0.9)}, "betas must be"),
        ({"betas": 0.9}, "betas must be"),
        ({"betas": (0.9,)}, "betas must be"),
        ({"betas": "ab"}, "betas must be"),
        ({"eps": 0.0}, "eps must be a finite number above 0, but is 0.0"),
        ({"eps": float("nan")}, "eps must be"),
        ({"weight_decay": float("inf")}, "weight_decay must be"),
    ],
)
@pytest.mark.parametrize("rule", [optim.Adam, optim.AdamW])
def test_adam_refuses_values(rule, hyper, message):
    with pytest.raises(CoreError, match=message):
        rule(parameter(2), **hyper)


@pytest.mark.parametrize(
    ("rule", "hyper", "message"),
    [
        ("rmsprop", {"alpha": 1.0}, r"alpha must be a number in \[0, 1\), but is 1.0"),
        ("rmsprop", {"momentum": -0.1}, "momentum must be"),
        ("rmsprop", {"centered": 1}, "centered must be True or False, but is 1"),
        ("rmsprop", {"eps": 0.0}, "eps must be a finite number above 0"),
        ("adagrad", {"lr_decay": -1e-9}, "lr_decay must be a finite number, 0 or more"),
        ("adagrad", {"eps": 0}, "eps must be"),
        ("adadelta", {"rho": float("nan")}, r"rho must be a number in \[0, 1\), but is nan"),
        ("adadelta", {"lr": -1.0}, "lr must be"),
        ("lamb", {"betas": (0.9, 1.0)}, "betas must be two numbers"),
        ("lamb", {"weight_decay": -1.0}, "weight_decay must be"),
        ("lion", {"betas": (0.9,)}, "betas must be two numbers"),
        ("lion", {"eps": 1e-8}, "'eps' is unknown; known are lr, betas, weight_decay"),
    ],
)
def test_the_other_rules_refuse_values(rule, hyper, message):
    with pytest.raises(CoreError, match=f"{rule}, group 0: .*{message}"):
        optim.OPTIMIZERS[rule]([{"params": parameter(2), **hyper}])


def test_several_mistakes_are_listed_at_once():
    with pytest.raises(CoreError, match=r"lr must be.*; momentum must be"):
        optim.SGD(parameter(2), lr=-1, momentum=2)


def test_unknown_keys_are_refused_with_the_nearest_match():
    message = "'momentun' is unknown; known are lr, .*; did you mean 'momentum'?"
    with pytest.raises(CoreError, match=message):
        optim.SGD([{"params": parameter(2), "momentun": 0.9}], lr=0.1)
    opt = optim.SGD(parameter(2), lr=0.1)
    opt.param_groups[0]["momentun"] = 0.9
    with pytest.raises(CoreError, match=message):
        opt.step()
    del opt.param_groups[0]["momentun"], opt.param_groups[0]["lr"]
    with pytest.raises(CoreError, match="lr is missing"):
        opt.check()


def test_unknown_rules_are_named_with_the_nearest_match():
    assert optim.get_optimizer_class("adamw") is optim.AdamW
    with pytest.raises(
        CoreError, match=r"'adma' is unknown; known are sgd, .*; did you mean 'adam'"
    ):
        optim.get_optimizer_class("adma")
