"""Nonlinearities, compared with float64."""

import math

import numpy as np
import pytest
from row_memory import GUARD, Result, in_parts, pitched

from tuitrain_core.native.elementwise import activation
from tuitrain_core.ops.activation import GELU, ReLU, Sigmoid, Tanh

OPS = {
    "relu": ReLU(),
    "tanh": Tanh(),
    "sigmoid": Sigmoid(),
    "gelu": GELU(),
    "gelu_tanh": GELU(approximate=True),
}
# Numbers of every size and both signs, in rows of 29.
POINTS = np.concatenate([np.linspace(-12, 12, 290), np.linspace(-0.7, 0.7, 87), [0.0] * 29])


def rows_of(points):
    return np.asarray(points, np.float32).reshape(-1, 29)


@pytest.mark.parametrize("name", activation.NONLINEARITIES)
def test_values_and_slopes(name, cpu):
    x = rows_of(POINTS)
    d = np.random.default_rng(1).standard_normal(x.shape).astype(np.float32)
    pitches = 29 + GUARD, 29 + GUARD
    y, dx = Result(*x.shape), Result(*x.shape)
    total = len(x)
    kernel = activation.forward(name, 29, pitches)
    (values,) = in_parts(kernel, pitched(x), y.memory, total=total, results=[y])
    expected, saved = OPS[name].forward(x.astype(np.float64))
    np.testing.assert_allclose(values, expected, rtol=2e-6, atol=3e-7)
    kernel = activation.gradient(name, 29, pitches)
    arguments = pitched(x), y.memory, pitched(d), dx.memory
    (slopes,) = in_parts(kernel, *arguments, total=total, results=[dx])
    (expected,) = OPS[name].backward(saved, d.astype(np.float64), [True])
    np.testing.assert_allclose(slopes, expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("name", activation.NONLINEARITIES)
def test_large_and_nonfinite_values(name, cpu):
    far = np.zeros((1, 29), np.float32)
    far[0, :7] = [-1e4, 1e4, -90.0, 90.0, np.nan, -np.inf, np.inf]
    y = Result(1, 29)
    kernel = activation.forward(name, 29, (29 + GUARD, 29 + GUARD))
    (values,) = in_parts(kernel, pitched(far), y.memory, total=1, results=[y])
    with np.errstate(all="ignore"):
        expected, _ = OPS[name].forward(far.astype(np.float64))
    np.testing.assert_allclose(values, expected, rtol=1e-6, atol=1e-6)
    assert math.isnan(values[0, 4])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", activation.NONLINEARITIES)
def test_a_nonfinite_gradient_is_not_hidden(name, bad, cpu):
    x = rows_of(np.linspace(-3, 3, 29))
    d = np.ones_like(x)
    d[0, 3] = bad
    dx = Result(1, 29)
    kernel = activation.gradient(name, 29, (29 + GUARD, 29 + GUARD))
    y = OPS[name].forward(x)[0]
    arguments = pitched(x), pitched(y), pitched(d), dx.memory
    (actual,) = in_parts(kernel, *arguments, total=1, results=[dx])
    assert not np.isfinite(actual[0, 3])
    assert np.isfinite(np.delete(actual[0], 3)).all()
