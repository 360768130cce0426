"""The kernels of a linear layer, compared with float64, on odd sizes and in fenced memory."""

import numpy as np
import pytest
from fenced_memory import UNTOUCHED, between, close, empty_rows, fenced, rows

from tuitrain_core.native.linalg import linear
from tuitrain_core.native.runtime.library import run

pytestmark = pytest.mark.usefixtures("cpu")

# rows, K, N, and the gap between two rows
SIZES = [
    (1, 1, 1, 0),
    (1, 33, 17, 2),
    (3, 7, 3, 0),
    (15, 17, 33, 5),
    (13, 48, 15, 1),
    (33, 130, 35, 0),
]


def values(*sizes, seed=1):
    array = np.random.default_rng(seed).standard_normal(sizes).astype(np.float32)
    array.reshape(-1)[::7] = 0.0
    return array


def forward(x, weight, bias, relu, gap=0, first=0, last=None):
    (B, K), N = x.shape, len(weight)
    x_rows, _ = rows(x, K + gap)
    y_rows, y = empty_rows(B, N, N + gap)
    kernel = linear.forward(K, N, K + gap, N + gap, relu, bias is not None)
    b = 0 if bias is None else fenced(bias)
    run(kernel, x_rows, fenced(weight), b, y_rows, B, first, N if last is None else last)
    assert np.all(between(y_rows, B, N, N + gap) == UNTOUCHED)
    return y


def input_gradient(d, weight, act=None, gap=0, first=0, last=None):
    (B, N), K = d.shape, weight.shape[1]
    d_rows, _ = rows(d, N + gap)
    dx_rows, dx = empty_rows(B, K, K + gap)
    mask = 0 if act is None else rows(act, K + gap)[0]
    kernel = linear.input_gradient(K, N, N + gap, K + gap, act is not None)
    run(kernel, d_rows, fenced(weight), dx_rows, mask, B, first, K if last is None else last)
    assert np.all(between(dx_rows, B, K, K + gap) == UNTOUCHED)
    return dx


def weight_gradient(d, x, gap=0, first=0, last=None):
    (B, N), K = d.shape, x.shape[1]
    dw = fenced(np.full((N, K), UNTOUCHED))
    kernel = linear.weight_gradient(K, N, N + gap, K + gap)
    run(kernel, rows(d, N + gap)[0], rows(x, K + gap)[0], dw, B, first, N if last is None else last)
    return dw


def bias_gradient(d, gap=0, first=0, last=None):
    B, N = d.shape
    db = fenced(np.full(N, UNTOUCHED))
    kernel = linear.bias_gradient(N, N + gap)
    run(kernel, rows(d, N + gap)[0], db, B, first, N if last is None else last)
    return db


@pytest.mark.parametrize(("B", "K", "N", "gap"), SIZES)
@pytest.mark.parametrize(("relu", "with_bias"), [(False, True), (True, True), (True, False)])
def test_forward(B, K, N, gap, relu, with_bias):
    x, weight, bias = values(B, K), values(N, K, seed=2), values(N, seed=3)
    y = forward(x, weight, bias if with_bias else None, relu, gap)
    b = bias.astype(np.float64) * with_bias
    expected = x.astype(np.float64) @ weight.T.astype(np.float64) + b
    close(y, np.maximum(expected, 0) if relu else expected, np.abs(x) @ np.abs(weight.T) + abs(b))


@pytest.mark.parametrize(("B", "K", "N", "gap"), SIZES)
@pytest.mark.parametrize("masked", [False, True])
def test_input_gradient(B, K, N, gap, masked):
    d, weight, act = values(B, N), values(N, K, seed=2), values(B, K, seed=3)
    dx = input_gradient(d, weight, act if masked else None, gap)
    expected = d.astype(np.float64) @ weight.astype(np.float64)
    close(dx, expected * (act > 0) if masked else expected, np.abs(d) @ np.abs(weight))


@pytest.mark.parametrize(("B", "K", "N", "gap"), SIZES)
def test_weight_gradient(B, K, N, gap):
    d, x = values(B, N), values(B, K, seed=2)
    expected = d.T.astype(np.float64) @ x.astype(np.float64)
    close(weight_gradient(d, x, gap), expected, np.abs(d.T) @ np.abs(x))


@pytest.mark.parametrize(("B", "K", "N", "gap"), SIZES)
@pytest.mark.parametrize("block", [1, 12, 50])
def test_the_weight_gradient_in_blocks(B, K, N, gap, block):
    d, x, dw = values(B, N), values(B, K, seed=2), fenced(np.full((N, K), UNTOUCHED))
    kernel = linear.weight_gradient_blocks(K, N, block, N + gap, K + gap)
    blocks = -(-N // block)
    for first, last in [(blocks // 2, blocks), (1, 1), (0, blocks // 2)]:
        run(kernel, rows(d, N + gap)[0], rows(x, K + gap)[0], dw, B, first, last)
    np.testing.assert_array_equal(dw, weight_gradient(d, x, gap))


NARROW = [(50, 6, 0), (50, 6, 1), (7, 6, 0), (33, 1, 0), (64, 2, 0), (31, 8, 0), (129, 3, 0)]


@pytest.mark.parametrize(("B", "N", "gap"), [(B, N, gap) for B, _, N, gap in SIZES] + NARROW)
def test_bias_gradient(B, N, gap):
    d = values(B, N)
    close(bias_gradient(d, gap), d.astype(np.float64).sum(0), np.abs(d).sum(0))


def test_any_split_has_the_same_bits():
    x, weight, bias = values(14, 37), values(41, 37, seed=2), values(41, seed=3)
    d, act = values(14, 41, seed=4), values(14, 37, seed=5)
    for first, last in [(0, 1), (1, 8), (8, 41), (5, 36), (17, 17), (9, 4)]:
        part = forward(x, weight, bias, True, first=first, last=last)
        assert_part(part, forward(x, weight, bias, True), slice(first, max(first, last)))
        part = weight_gradient(d, x, first=first, last=last)
        assert_part(part.T, weight_gradient(d, x).T, slice(first, max(first, last)))
    for first, last in [(0, 16), (16, 37), (32, 37), (16, 16), (32, 16)]:
        part = input_gradient(d, weight, act, first=first, last=last)
        assert_part(part, input_gradient(d, weight, act), slice(first, max(first, last)))
    for first, last in [(0, 16), (16, 32), (32, 41), (32, 32)]:
        part = bias_gradient(d, first=first, last=last)[None]
        assert_part(part, bias_gradient(d)[None], slice(first, last))


def assert_part(part, whole, columns):
    """Check that only these columns were written, with the bits of the whole."""
    np.testing.assert_array_equal(part[:, columns], whole[:, columns])
    rest = np.delete(part, columns, axis=1)
    assert np.all(rest == UNTOUCHED)


@pytest.mark.parametrize("count", [1, 2, 5, 12])
def test_a_row_has_the_same_bits_in_any_batch(count):
    x, weight, d, act = values(14, 37), values(41, 37, seed=2), values(14, 41), values(14, 37)
    whole, part = forward(x, weight, None, False), forward(x[-count:], weight, None, False)
    np.testing.assert_array_equal(part, whole[-count:])
    part = input_gradient(d[-count:], weight, act[-count:])
    np.testing.assert_array_equal(part, input_gradient(d, weight, act)[-count:])


def test_no_rows():
    x, d, weight = values(0, 5), values(0, 3), values(3, 5)
    assert forward(x, weight, None, True).shape == (0, 3)
    assert input_gradient(d, weight).shape == (0, 5)
    assert np.all(weight_gradient(d, x) == 0.0)
    assert np.all(bias_gradient(d) == 0.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_inf_reach_only_their_row(bad):
    x, weight, d = values(13, 37), values(21, 37, seed=2), values(13, 21)
    x[5, 36] = d[5, 20] = bad
    act = np.ones((13, 37), np.float32)
    y, dx = forward(x, weight, None, False), input_gradient(d, weight, act)
    for result in (y, dx):
        assert not np.isfinite(result[5]).any()
        assert np.isfinite(np.delete(result, 5, axis=0)).all()
    relu = forward(x, weight, None, True)[5]
    np.testing.assert_array_equal(relu, np.maximum(y[5], 0))
    dw = weight_gradient(d, np.ones_like(x))
    assert not np.isfinite(dw[20]).any() and np.isfinite(dw[:20]).all()
    db = bias_gradient(d)
    assert not np.isfinite(db[20]) and np.isfinite(db[:20]).all()


@pytest.mark.parametrize(("B", "K", "N", "gap"), SIZES[-2:])
def test_the_bits_do_not_depend_on_the_tiles(each_tiles, B, K, N, gap):
    x, weight, d = values(B, K), values(N, K, seed=2), values(B, N, seed=3)
    results = set()
    for _ in each_tiles():
        y = forward(x, weight, values(N, seed=4), True, gap)
        arrays = y, input_gradient(d, weight, gap=gap), weight_gradient(d, x, gap)
        results.add(b"".join(array.tobytes() for array in arrays))
    assert len(results) == 1
