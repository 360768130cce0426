"""Arithmetic with broadcast operands, compared with NumPy."""

import numpy as np
import pytest
from row_memory import GUARD, Result, drawn, in_parts, pitched

from tuitrain_core.native.elementwise import arithmetic
from tuitrain_core.native.elementwise.arithmetic import BroadcastShape

OPERATIONS = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
}
SIZES = [(1, 1), (1, 37), (3, 1), (16, 5), (19, 4), (33, 1)]


@pytest.mark.parametrize("kind", arithmetic.OPERATIONS)
@pytest.mark.parametrize(("period", "repeat"), SIZES)
@pytest.mark.parametrize("shared", [True, False])
def test_values(kind, period, repeat, shared, cpu):
    a, b = drawn(5, repeat, period), drawn(1 if shared else 5, 1, period, seed=1, low=0.5)
    y = Result(5, repeat, period)
    pitch = period * repeat + GUARD
    rows = BroadcastShape(period, repeat, (pitch, 0 if shared else period + GUARD, pitch))
    expected = OPERATIONS[kind](a, b)
    for relu in (False, True):
        kernel = arithmetic.binary(kind, rows, relu)
        arguments = pitched(a), pitched(b), y.memory
        (actual,) = in_parts(kernel, *arguments, total=5, results=[y])
        np.testing.assert_array_equal(actual, np.maximum(expected, 0) if relu else expected)


@pytest.mark.parametrize("kind", ["add", "subtract", "multiply"])
@pytest.mark.parametrize(("period", "repeat"), SIZES)
def test_gradients_of_a_repeated_operand(kind, period, repeat, cpu):
    d, a = drawn(5, repeat, period), drawn(5, repeat, period, seed=1)
    result = Result(5, period)
    pitch = period * repeat + GUARD
    rows = BroadcastShape(period, repeat, (pitch, pitch, period + GUARD))
    arguments = pitched(d), pitched(a), result.memory
    kernel = arithmetic.repeated_sum(kind, rows)
    (actual,) = in_parts(kernel, *arguments, total=5, results=[result])
    terms = {"add": d, "subtract": -d, "multiply": d.astype(np.float64) * a}[kind]
    expected = terms.sum(1, dtype=np.float64)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


def test_nan_stays_where_it_is(cpu):
    a, b = drawn(2, 3, 18), drawn(1, 1, 18)
    a[0, 1, 17] = np.nan
    y, pitch = Result(2, 3, 18), 54 + GUARD
    for kind in arithmetic.OPERATIONS:
        kernel = arithmetic.binary(kind, BroadcastShape(18, 3, (pitch, 0, pitch)), True)
        arguments = pitched(a), pitched(b), y.memory
        (actual,) = in_parts(kernel, *arguments, total=2, results=[y])
        np.testing.assert_array_equal(np.isnan(actual), np.isnan(a))
