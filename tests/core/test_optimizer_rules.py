"""The update rules over many steps, against the formulas written out in float64."""

from __future__ import annotations

import numpy as np
import pytest

from tuitrain_core import optimizer as optim
from tuitrain_core.tensor import Parameter, Tensor

STEPS = 40
SHAPES = [(1,), (3, 5), (1, 6, 1, 1), (7, 11, 3), ()]


def gradients(shape: tuple[int, ...], seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((STEPS, *shape))


def trained(opt: optim.Optimizer, grads: np.ndarray) -> np.ndarray:
    (param,) = opt.parameters()
    for grad in grads:
        param.grad = Tensor(grad.astype(param.dtype))
        opt.step().clear_grad()
    return param.numpy()


def sgd_oracle(p, grads, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    v = np.zeros_like(p)
    for grad in grads:
        g = grad + weight_decay * p
        v = momentum * v + g
        p = p - lr * (g + momentum * v if nesterov else v)
    return p


def adam_oracle(p, grads, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, apart=False):
    m = v = np.zeros_like(p)
    for t, grad in enumerate(grads, start=1):
        g = grad if apart else grad + weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        step = (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
        p = p - lr * (step + weight_decay * p if apart else step)
    return p


SGD_CASES = [
    {"lr": 0.1},
    {"lr": 0.1, "weight_decay": 0.05},
    {"lr": 0.05, "momentum": 0.9},
    {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.01},
    {"lr": 0.02, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01},
]
ADAM_CASES = [
    {},
    {"lr": 0.05},
    {"lr": 0.05, "betas": (0.0, 0.0)},
    {"lr": 0.05, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.1},
]
DTYPES = [("float32", 3e-5), ("float64", 1e-13)]


@pytest.mark.parametrize("hyper", SGD_CASES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
def test_sgd(hyper, shape, dtype, tolerance):
    start, grads = gradients(shape, seed=1)[0], gradients(shape)
    actual = trained(optim.SGD(Parameter(start, dtype), **hyper), grads)
    np.testing.assert_allclose(actual, sgd_oracle(start, grads, **hyper), rtol=0, atol=tolerance)
    assert actual.dtype == dtype


@pytest.mark.parametrize("hyper", ADAM_CASES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
def test_adam(hyper, shape, dtype, tolerance):
    start, grads = gradients(shape, seed=1)[0], gradients(shape)
    actual = trained(optim.Adam(Parameter(start, dtype), **hyper), grads)
    np.testing.assert_allclose(actual, adam_oracle(start, grads, **hyper), rtol=0, atol=tolerance)


@pytest.mark.parametrize("hyper", ADAM_CASES)
@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
def test_adamw(hyper, dtype, tolerance):
    start, grads = gradients((7, 11), seed=1)[0], gradients((7, 11))
    actual = trained(optim.AdamW(Parameter(start, dtype), **hyper), grads)
    hyper = {"weight_decay": 1e-2, **hyper}
    expected = adam_oracle(start, grads, apart=True, **hyper)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance)


def test_adams_first_step_is_lr_per_element_whatever_the_gradient():
    param = Parameter(np.zeros(4, "f8"))
    trained(optim.Adam(param, lr=0.01), np.array([[1e-3, -5.0, 1e6, -1e-2]]))
    np.testing.assert_allclose(param.numpy(), [-0.01, 0.01, -0.01, 0.01], rtol=2e-5)


def test_a_zero_gradient_leaves_plain_sgd_and_fresh_adam_where_they_are():
    for opt in (optim.SGD(Parameter([1.5, -0.0]), lr=0.1), optim.Adam(Parameter([1.5, -0.0]))):
        before = opt.parameters()[0].numpy().tobytes()
        assert trained(opt, np.zeros((3, 2))).tobytes() == before


def test_lr_and_momentum_edited_between_steps_act_at_the_next_step():
    start, grads = gradients((5,), seed=1)[0], gradients((5,))
    param = Parameter(start)
    opt = optim.SGD(param, lr=0.1, momentum=0.9)
    trained(opt, grads[:10])
    opt.param_groups[0].update(lr=0.02, momentum=0.5)
    trained(opt, grads[10:20])
    p, v = start, np.zeros(5)
    for t, grad in enumerate(grads[:20]):
        lr, momentum = (0.1, 0.9) if t < 10 else (0.02, 0.5)
        v = momentum * v + grad
        p = p - lr * v
    np.testing.assert_allclose(param.numpy(), p, rtol=0, atol=1e-14)


def test_momentum_switched_off_drops_the_velocity_so_that_it_starts_from_rest():
    param = Parameter(np.zeros(3))
    opt = optim.SGD(param, lr=0.1, momentum=0.9)
    trained(opt, np.ones((5, 3)))
    opt.param_groups[0]["momentum"] = 0.0
    trained(opt, np.ones((1, 3)))
    assert opt.state[param].slots == {}
    opt.param_groups[0]["momentum"] = 0.9
    before = param.numpy().copy()
    trained(opt, np.ones((1, 3)))
    np.testing.assert_allclose(before - param.numpy(), 0.1)


def test_scalars_do_not_widen_float32():
    param = Parameter(np.ones(3, "f4"))
    opt = optim.Adam(param)
    trained(opt, np.ones((1, 3)))
    assert param.dtype == np.float32
    assert {each.dtype for each in opt.state[param].slots.values()} == {np.dtype("f4")}
