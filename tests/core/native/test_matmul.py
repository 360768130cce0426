"""Products of pairs of matrices, compared with float64."""

import numpy as np
import pytest
from fenced_memory import close, empty_rows, fenced
from row_memory import drawn, in_parts

from tuitrain_core.native.linalg import matmul

SIZES = [(1, 1, 1), (3, 5, 2), (28, 16, 28), (28, 28, 16), (7, 33, 20), (13, 4, 49)]


class Matrices:
    """Dense matrices for a kernel to write."""

    def __init__(self, *shape):
        self._shape = shape
        self.memory, _ = empty_rows(shape[0], shape[1] * shape[2], shape[1] * shape[2])

    def values(self):
        return self.memory.reshape(self._shape).copy()


def check(kernel, one, other, shape, expected):
    result = Matrices(*shape)
    arguments = fenced(one), fenced(other), result.memory
    (actual,) = in_parts(kernel, *arguments, total=len(one), results=[result])
    magnitude = np.sqrt(max(one.shape[1:])) * 4 + np.abs(expected).max()
    close(actual, expected, magnitude, 3e-6)


@pytest.mark.parametrize("sizes", SIZES)
def test_products_and_their_gradients(sizes, cpu):
    M, K, N = sizes
    a, b, d = drawn(5, M, K), drawn(5, K, N, seed=1), drawn(5, M, N, seed=2)
    wide_a, wide_b, wide_d = (array.astype(np.float64) for array in (a, b, d))
    check(matmul.product(*sizes), a, b, (5, M, N), wide_a @ wide_b)
    check(matmul.left_gradient(*sizes), d, b, (5, M, K), wide_d @ wide_b.swapaxes(1, 2))
    check(matmul.right_gradient(*sizes), a, d, (5, K, N), wide_a.swapaxes(1, 2) @ wide_d)


def test_nan_reaches_only_its_row(cpu):
    a, b = drawn(2, 5, 7), drawn(2, 7, 18, seed=1)
    a[1, 3, 2] = np.nan
    result = Matrices(2, 5, 18)
    arguments = fenced(a), fenced(b), result.memory
    (actual,) = in_parts(matmul.product(5, 7, 18), *arguments, total=2, results=[result])
    assert np.isnan(actual[1, 3]).all()
    assert np.isnan(actual).sum() == 18
