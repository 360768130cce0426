"""The native losses of outputs and targets, compared with float64."""

from __future__ import annotations

import numpy as np
import pytest

from tests.core.native.fenced_memory import UNTOUCHED, between, empty_rows
from tuitrain_core.native.norm import pointwise_loss
from tuitrain_core.native.runtime.library import run


def naive(kind, z, t):
    """Return the losses of all elements and their derivatives by z, in float64."""
    z, t = z.astype(np.float64), t.astype(np.float64)
    if kind == "square":
        return (z - t) ** 2, 2 * (z - t)
    if kind == "absolute":
        return np.abs(z - t), np.sign(z - t)
    if kind == "hinge":
        return np.maximum(0, 1 - z * t), np.where(1 - z * t > 0, -t, 0)
    return np.logaddexp(0, z) - z * t, 1 / (1 + np.exp(-z)) - t


def native(kind, z, t):
    """Run the kernel in two parts; return every row's mean loss and the gradient."""
    rows, features = z.shape
    stride = features + 3
    z_memory, z_view = empty_rows(rows, features, stride)
    z_view[...] = z
    slopes, view = empty_rows(rows, features, stride)
    losses = np.zeros(rows, np.float32)
    kernel = pointwise_loss.pointwise_loss(kind, features, stride, features, stride)
    with np.errstate(all="ignore"):
        for first, last in ((0, rows // 2), (rows // 2, rows)):
            run(kernel, z_memory, t, slopes, losses, rows, first, last)
    assert (between(slopes, rows, features, stride) == UNTOUCHED).all()
    return losses, view


@pytest.mark.parametrize("kind", pointwise_loss.KINDS)
@pytest.mark.parametrize("features", [1, 2, 15, 16, 17, 100])
@pytest.mark.parametrize("rows", [1, 3, 16])
def test_losses_and_slopes_agree_with_float64(kind, features, rows):
    draw = np.random.default_rng(features)
    z = (draw.standard_normal((rows, features)) * 4).astype(np.float32)
    t = draw.integers(0, 2, (rows, features)).astype(np.float32)
    z[0, 0] = t[0, 0]
    losses, slopes = native(kind, z, t)
    expected, derivatives = naive(kind, z, t)
    np.testing.assert_allclose(losses, expected.mean(1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(slopes, derivatives / z.size, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", pointwise_loss.KINDS)
@pytest.mark.parametrize("place", [0, 18])
def test_nan_is_not_hidden(kind, place):
    z, t = np.zeros((2, 19), np.float32), np.ones((2, 19), np.float32)
    z[1, place] = np.nan
    losses, slopes = native(kind, z, t)
    assert np.isfinite(losses[0]) and np.isfinite(slopes[0]).all()
    assert np.isnan(losses[1])


@pytest.mark.parametrize("kind", pointwise_loss.KINDS)
def test_outputs_far_from_their_targets_do_not_overflow(kind):
    z = np.array([[1e4, -1e4, 200.0, -200.0]], np.float32)
    t = np.array([[0.0, 1.0, 0.0, 1.0]], np.float32)
    losses, slopes = native(kind, z, t)
    with np.errstate(over="ignore"):
        expected, derivatives = naive(kind, z, t)
    np.testing.assert_allclose(losses, expected.mean(1), rtol=1e-5)
    np.testing.assert_allclose(slopes, derivatives / 4, rtol=1e-5, atol=1e-7)


def test_a_loss_is_copied_to_a_double():
    target = np.zeros(1, np.float64)
    run(pointwise_loss.copy_loss(), np.array([0.1], np.float32), target)
    assert target[0] == np.float32(0.1)
