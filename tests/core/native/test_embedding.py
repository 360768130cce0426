"""Conversion to indices and table lookups, compared with NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from fenced_memory import fenced
from row_memory import Result, drawn, in_parts, pitched

from tuitrain_core.native.elementwise import embedding
from tuitrain_core.native.runtime.library import run
from tuitrain_core.ops.embedding import Embedding

pytestmark = pytest.mark.usefixtures("cpu")

DTYPES = [np.int32, np.int64]


def numbers(*shape: int, dtype: type = np.int32) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 7, shape).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("features", [1, 16, 19])
def test_floats_are_converted_like_in_numpy(dtype: type, features: int) -> None:
    x = drawn(4, features, low=-300, high=300)
    limit = 2.0 ** (8 * np.dtype(dtype).itemsize - 1)
    x[:, 0] = -0.9, -limit, np.nextafter(np.float32(limit), np.float32(0)), 7.0
    y = np.zeros(x.shape, dtype)
    kernel = embedding.to_integers(features, features + 3, y.itemsize)
    for first, last in ((2, 4), (0, 2)):
        run(kernel, pitched(x), y, first, last)
    np.testing.assert_array_equal(y, x.astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_values_out_of_range_become_the_smallest_integer(dtype: type) -> None:
    x = np.float32([[np.nan, np.inf, -np.inf, 1e30, -1e30]])
    y = np.zeros(x.shape, dtype)
    run(embedding.to_integers(5, 5, y.itemsize), fenced(x), y, 0, 1)
    assert (y == np.iinfo(dtype).min).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("wrong", "expected"), [(6, 0), (0, 0), (7, 1), (-1, 1), (-(1 << 31), 1)])
def test_an_index_out_of_range_is_detected(dtype: type, wrong: int, expected: int) -> None:
    indices, word = numbers(35, dtype=dtype), np.zeros(1, np.int64)
    run(embedding.check_indices(indices.itemsize, 7), indices, len(indices), word)
    assert word[0] == 0
    indices[33] = wrong
    run(embedding.check_indices(indices.itemsize, 7), indices, len(indices), word)
    assert word[0] == expected
    run(embedding.check_indices(indices.itemsize, 7), indices, 3, word)
    assert word[0] == expected


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("features", "tokens"), [(1, 3), (16, 1), (19, 4), (33, 2)])
def test_rows_are_looked_up(dtype: type, features: int, tokens: int) -> None:
    index, table = numbers(5, tokens, dtype=dtype), drawn(7, features)
    y = Result(5 * tokens, features)
    kernel = embedding.lookup(features, tokens, features + 3, index.itemsize, 7)
    (actual,) = in_parts(kernel, index, fenced(table), y.memory, total=5, results=[y])
    np.testing.assert_array_equal(actual, table[index.reshape(-1)])


def test_an_index_out_of_range_reads_inside_the_table() -> None:
    index, y = np.int32([-1, 7, 1 << 30]), np.zeros((3, 5), np.float32)
    table = drawn(7, 5)
    run(embedding.lookup(5, 3, 5, 4, 7), index, fenced(table), y, 0, 1)
    np.testing.assert_array_equal(y, table[[0, 0, 0]])
    total, d = np.zeros((7, 5), np.float32), np.ones((3, 5), np.float32)
    run(embedding.table_gradient(5, 5, 4, 7), index, d, total, 3, 0, 5)
    assert total.sum() == total[0].sum() == 15


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("features", [1, 15, 16, 19, 33, 50])
def test_the_gradient_has_the_bits_of_the_eager_tier(dtype: type, features: int) -> None:
    index, d = numbers(40, dtype=dtype), drawn(40, features)
    d[3, 0], d[5, -1] = np.nan, np.inf
    weight = np.zeros((8, features), np.float32)
    _, expected = Embedding().backward((index, weight), d, [False, True])
    actual = []
    for cuts in (
        [(0, features)],
        [(cut, min(cut + 16, features)) for cut in range(0, features, 16)],
    ):
        result = fenced(np.full((8, features), 9.0, np.float32))
        for first, last in reversed(cuts):
            kernel = embedding.table_gradient(features, features + 3, index.itemsize, 8)
            run(kernel, index, pitched(d), result, len(index), first, last)
        actual.append(result)
    for array in actual:
        np.testing.assert_array_equal(array, expected)
