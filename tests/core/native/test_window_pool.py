"""Pools of any size, compared with the eager ones in float64."""

import numpy as np
import pytest
from fenced_memory import empty_rows, fenced
from row_memory import drawn, in_parts

from tuitrain_core.native.pool import window_pool
from tuitrain_core.ops.pooling import AvgPool2d, MaxPool2d

# size, kernel, stride, padding
SHAPES = [
    ((6, 5), (2, 2), (2, 2), (0, 0)),
    ((7, 9), (3, 3), (2, 2), (1, 1)),
    ((5, 6), (3, 2), (1, 3), (2, 0)),
    ((4, 4), (1, 1), (3, 3), (0, 0)),
    ((3, 8), (3, 8), (1, 1), (0, 0)),
]


class Images:
    """Images for a kernel to write; `values` has their channels first."""

    def __init__(self, *shape):
        self._shape = shape
        self.memory, _ = empty_rows(shape[0], int(np.prod(shape[1:])), int(np.prod(shape[1:])))

    def values(self):
        return self.memory.reshape(self._shape).transpose(0, 3, 1, 2).copy()


def channels_last(array):
    """Return images with their channels last, at the end of accessible memory."""
    return fenced(array.transpose(0, 2, 3, 1))


@pytest.mark.parametrize("channels", [1, 5, 16, 19])
@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), SHAPES)
class TestPools:
    def test_maxima(self, size, kernel, stride, padding, channels, cpu):
        x = np.round(drawn(4, channels, *size))  # few values: many are equal
        op = MaxPool2d(kernel, stride, padding)
        w = window_pool.PoolWindows(size, channels, kernel, stride, padding)
        y, chosen = Images(4, *w.output_size, channels), Images(4, *w.output_size, channels)
        arguments = channels_last(x), y.memory, chosen.memory
        actual, _ = in_parts(window_pool.max_pool(w), *arguments, total=4, results=[y, chosen])
        expected, saved = op.forward(x.astype(np.float64))
        np.testing.assert_array_equal(actual, expected)
        d = drawn(*expected.shape, seed=1)
        dx = Images(4, *size, channels)
        arguments = channels_last(d), chosen.memory, dx.memory
        (slopes,) = in_parts(window_pool.max_pool_gradient(w), *arguments, total=4, results=[dx])
        (expected,) = op.backward(saved, d.astype(np.float64), [True])
        np.testing.assert_allclose(slopes, expected, atol=2e-6)

    @pytest.mark.parametrize("count_padding", [True, False])
    def test_averages(self, size, kernel, stride, padding, channels, count_padding, cpu):
        x = drawn(4, channels, *size)
        op = AvgPool2d(kernel, stride, padding, count_padding)
        w = window_pool.PoolWindows(size, channels, kernel, stride, padding)
        shares = np.broadcast_to(op.window_shares(x, w.output_size), w.output_size).astype(
            np.float32
        )
        y = Images(4, *w.output_size, channels)
        arguments = channels_last(x), shares.copy(), y.memory
        (actual,) = in_parts(window_pool.avg_pool(w), *arguments, total=4, results=[y])
        expected, saved = op.forward(x.astype(np.float64))
        np.testing.assert_allclose(actual, expected, atol=1e-6)
        d = drawn(*expected.shape, seed=1)
        dx = Images(4, *size, channels)
        arguments = channels_last(d), shares.copy(), dx.memory
        (slopes,) = in_parts(window_pool.avg_pool_gradient(w), *arguments, total=4, results=[dx])
        (expected,) = op.backward(saved, d.astype(np.float64), [True])
        np.testing.assert_allclose(slopes, expected, atol=2e-6)


def test_a_nan_is_the_largest_and_the_last_is_chosen(cpu):
    x = drawn(1, 3, 4, 4)
    x[0, 1, 1, 1] = x[0, 1, 1, 2] = np.nan
    w = window_pool.PoolWindows((4, 4), 3, (3, 3), (1, 1), (0, 0))
    y, chosen = Images(1, 2, 2, 3), Images(1, 2, 2, 3)
    arguments = channels_last(x), y.memory, chosen.memory
    actual, where = in_parts(window_pool.max_pool(w), *arguments, total=1, results=[y, chosen])
    assert np.isnan(actual[0, 1]).all()
    assert np.isfinite(actual[0, ::2]).all()
    np.testing.assert_array_equal(where[0, 1], [[5, 4], [2, 1]])
