"""The native cross entropy, compared with float64."""

from __future__ import annotations

import numpy as np
import pytest

from tuitrain_core.native.norm import cross_entropy
from tuitrain_core.native.runtime.library import run


def expected(z: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    z = z.astype(np.float64)
    powers = np.exp(z - z.max(1, keepdims=True))
    probability = powers / powers.sum(1, keepdims=True)
    losses = -np.log(probability[np.arange(len(z)), labels])
    probability[np.arange(len(z)), labels] -= 1.0
    return losses, probability / len(z)


def native(z: np.ndarray, labels: np.ndarray, pitch: int) -> tuple[np.ndarray, np.ndarray]:
    rows, classes = z.shape
    logits = np.full((rows, pitch), 7.0, np.float32)
    logits[:, :classes] = z
    slopes, losses = np.full((rows, pitch), 7.0, np.float32), np.zeros(rows, np.float32)
    kernel = cross_entropy.cross_entropy(classes, pitch, pitch)
    with np.errstate(all="ignore"):
        run(kernel, logits, labels.astype(np.int32), slopes, losses, rows, 0, rows)
    assert (slopes[:, classes:] == 7.0).all()
    return losses, slopes[:, :classes]


@pytest.mark.parametrize("classes", [1, 2, 10, 15, 16, 17, 100])
@pytest.mark.parametrize("rows", [1, 3, 16])
@pytest.mark.parametrize("scale", [0.0, 1.0, 30.0])
def test_losses_and_slopes(classes: int, rows: int, scale: float) -> None:
    draw = np.random.default_rng(classes)
    z = (draw.standard_normal((rows, classes)) * scale).astype(np.float32)
    labels = draw.integers(0, classes, rows)
    losses, slopes = native(z, labels, classes + 3)
    true_losses, true_slopes = expected(z, labels)
    np.testing.assert_allclose(losses, true_losses, rtol=1e-5, atol=2e-6)
    np.testing.assert_allclose(slopes, true_slopes, atol=1e-6 / rows, rtol=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nonfinite_logits_are_not_hidden(bad: float) -> None:
    z = np.zeros((2, 10), np.float32)
    z[1, 4] = bad
    losses, slopes = native(z, np.array([4, 4]), 10)
    assert np.isfinite(losses[0]) and np.isfinite(slopes[0]).all()
    assert np.isnan(losses[1]) and np.isnan(slopes[1]).any()


def test_logits_far_apart_do_not_overflow() -> None:
    z = np.array([[1e4, -1e4, 0.0]], np.float32)
    losses, slopes = native(z, np.array([1]), 3)
    assert losses[0] == pytest.approx(2e4, rel=1e-6)
    np.testing.assert_allclose(slopes, [[1.0, -1.0, 0.0]], atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 63, 1000])
def test_the_mean_is_added_up_in_float64(count: int) -> None:
    values = np.random.default_rng(count).random(count).astype(np.float32)
    single, double = np.zeros(1, np.float32), np.zeros(1)
    run(cross_entropy.mean_loss(), values, count, single, double)
    assert single[0] == np.float32(values.astype(np.float64).mean())
    assert double[0] == single[0]
