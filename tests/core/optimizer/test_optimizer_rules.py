"""The update rules over many steps, against the formulas written out in float64."""

from __future__ import annotations

import numpy as np
import pytest

from tuitrain_core import optimizer as optim
from tuitrain_core.tensor import Parameter, wrap

STEPS = 40
SHAPES = [(1,), (3, 5), (1, 6, 1, 1), (7, 11, 3), ()]


def gradients(shape: tuple[int, ...], seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((STEPS, *shape))


def trained(opt: optim.Optimizer, grads: np.ndarray) -> np.ndarray:
    (param,) = opt.parameters()
    for grad in grads:
        param.grad = wrap(grad.astype(param.dtype))
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


def rmsprop_oracle(
    p, grads, lr, alpha=0.99, eps=1e-8, momentum=0.0, centered=False, weight_decay=0.0
):
    s = m = v = np.zeros_like(p)
    for grad in grads:
        g = grad + weight_decay * p
        s = alpha * s + (1 - alpha) * g * g
        m = alpha * m + (1 - alpha) * g
        v = momentum * v + g / (np.sqrt(s - m * m if centered else s) + eps)
        p = p - lr * v
    return p


def adagrad_oracle(p, grads, lr=1e-2, lr_decay=0.0, eps=1e-10, weight_decay=0.0):
    s = np.zeros_like(p)
    for t, grad in enumerate(grads):
        g = grad + weight_decay * p
        s = s + g * g
        p = p - lr / (1 + t * lr_decay) * g / np.sqrt(s + eps)
    return p


def adadelta_oracle(p, grads, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0.0):
    s = a = np.zeros_like(p)
    for grad in grads:
        g = grad + weight_decay * p
        s = rho * s + (1 - rho) * g * g
        d = np.sqrt(a + eps) / np.sqrt(s + eps) * g
        a = rho * a + (1 - rho) * d * d
        p = p - lr * d
    return p


def lion_oracle(p, grads, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
    m = np.zeros_like(p)
    for grad in grads:
        p = p - lr * (np.sign(betas[0] * m + (1 - betas[0]) * grad) + weight_decay * p)
        m = betas[1] * m + (1 - betas[1]) * grad
    return p


def lamb_oracle(p, grads, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=1e-2):
    m = v = np.zeros_like(p)
    for t, g in enumerate(grads, start=1):
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        d = (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + eps) + weight_decay * p
        p = p - lr * np.sqrt(np.sum(p * p)) / np.sqrt(np.sum(d * d)) * d
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
OTHER_CASES = [
    ("rmsprop", rmsprop_oracle, {"lr": 0.01}),
    ("rmsprop", rmsprop_oracle, {"lr": 0.01, "alpha": 0.8, "eps": 1e-3, "momentum": 0.9}),
    ("rmsprop", rmsprop_oracle, {"lr": 0.01, "centered": True, "weight_decay": 0.1}),
    ("rmsprop", rmsprop_oracle, {"lr": 0.002, "momentum": 0.5, "centered": True}),
    ("adagrad", adagrad_oracle, {}),
    ("adagrad", adagrad_oracle, {"lr": 0.1, "eps": 0.5, "weight_decay": 0.1}),
    ("adagrad", adagrad_oracle, {"lr": 0.1, "lr_decay": 0.2}),
    ("adadelta", adadelta_oracle, {}),
    ("adadelta", adadelta_oracle, {"lr": 0.5, "rho": 0.5, "eps": 1e-3, "weight_decay": 0.1}),
    ("lion", lion_oracle, {}),
    ("lion", lion_oracle, {"lr": 0.01, "betas": (0.5, 0.8), "weight_decay": 0.1}),
    ("lamb", lamb_oracle, {}),
    ("lamb", lamb_oracle, {"lr": 0.05, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.0}),
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


@pytest.mark.parametrize(("rule", "oracle", "hyper"), OTHER_CASES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
def test_the_other_rules(rule, oracle, hyper, shape, dtype, tolerance):
    start, grads = gradients(shape, seed=1)[0], gradients(shape)
    opt = optim.OPTIMIZERS[rule](Parameter(start, dtype), **hyper)
    actual = trained(opt, grads)
    expected = oracle(start, grads, **hyper)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance)
    assert {slot.dtype for slot in opt.state[opt.parameters()[0]].slots.values()} == {
        np.dtype(dtype)
    }


def test_adams_first_step_is_lr_per_element_whatever_the_gradient():
    param = Parameter(np.zeros(4), "f8")
    trained(optim.Adam(param, lr=0.01), np.array([[1e-3, -5.0, 1e6, -1e-2]]))
    np.testing.assert_allclose(param.numpy(), [-0.01, 0.01, -0.01, 0.01], rtol=2e-5)


def test_a_zero_gradient_moves_no_weight_at_first():
    for rule in optim.OPTIMIZERS.values():
        opt = rule(Parameter([1.5, -0.0]), lr=0.1, weight_decay=0.0)
        before = opt.parameters()[0].numpy().tobytes()
        assert trained(opt, np.zeros((3, 2))).tobytes() == before


def test_edits_of_lr_and_momentum_take_effect_at_the_next_step():
    start, grads = gradients((5,), seed=1)[0], gradients((5,))
    param = Parameter(start, start.dtype)
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
    param = Parameter(np.zeros(3), "f8")
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
    assert {slot.dtype for slot in opt.state[param].slots.values()} == {np.dtype("f4")}


def test_lions_steps_have_one_length_and_nan_is_no_sign():
    param = Parameter(np.zeros(5), "f8")
    trained(optim.Lion(param, lr=0.01), np.array([[1e-30, -5.0, 0.0, -np.inf, np.nan]]))
    np.testing.assert_array_equal(param.numpy(), [-0.01, 0.01, 0.0, 0.01, np.nan])


def test_lambs_step_is_as_long_as_lr_times_the_weights():
    for scale in (1e-3, 1.0, 1e3):
        param = Parameter(scale * gradients((7, 11), seed=1)[0], "f8")
        opt = optim.LAMB(param, lr=0.05)
        before = float(np.linalg.norm(param.numpy()))
        trained(opt, gradients((7, 11))[:1])
        assert opt.statistics[param].update_norm == pytest.approx(0.05 * before, rel=1e-12)


def test_lambs_trust_ratio_is_1_where_a_norm_is_0():
    zero = Parameter(np.zeros(4), "f8")
    trained(optim.LAMB(zero, lr=0.05), np.ones((1, 4)))
    np.testing.assert_allclose(zero.numpy(), -0.05, rtol=2e-6)
    still = Parameter(np.ones(4), "f8")
    trained(optim.LAMB(still, lr=0.05, weight_decay=0.0), np.zeros((3, 4)))
    np.testing.assert_array_equal(still.numpy(), 1.0)


def test_lamb_shows_a_gradient_that_is_not_finite_in_all_weights():
    param = Parameter(np.ones(5000), "f8")
    grad = np.ones((1, 5000))
    grad[0, 4000] = np.nan
    trained(optim.LAMB(param), grad)
    assert np.isnan(param.numpy()).all()


def test_rmsprops_variance_does_not_fall_below_0_by_rounding():
    param = Parameter(np.zeros(300, "f4"))
    opt = optim.RMSprop(param, lr=1e-9, alpha=0.5, centered=True)
    steady = np.broadcast_to(gradients((300,))[0], (STEPS, 300))
    assert np.isfinite(trained(opt, steady)).all()
    slots = {name: slot.astype("f4") for name, slot in opt.state[param].slots.items()}
    assert (slots["square_avg"] < slots["grad_avg"] * slots["grad_avg"]).any()


def test_rmsprop_drops_what_it_no_longer_needs():
    param = Parameter(np.zeros(3), "f8")
    opt = optim.RMSprop(param, momentum=0.9, centered=True)
    trained(opt, np.ones((2, 3)))
    assert set(opt.state[param].slots) == {"square_avg", "grad_avg", "momentum_buffer"}
    opt.param_groups[0].update(momentum=0.0, centered=False)
    trained(opt, np.ones((1, 3)))
    assert set(opt.state[param].slots) == {"square_avg"}


def test_adagrads_eps_is_inside_the_root():
    param = Parameter(np.zeros(1), "f8")
    trained(optim.Adagrad(param, lr=1.0, eps=3.0), np.ones((1, 1)))
    assert param.numpy()[0] == -0.5
