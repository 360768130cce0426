"""The kernels of a convolution, compared with float64, on odd sizes and in fenced memory."""

import numpy as np
import pytest
from fenced_memory import UNTOUCHED, close, fenced

from tuitrain_core.native.conv import convolution
from tuitrain_core.native.conv.convolution import Geometry
from tuitrain_core.native.ir.host import host
from tuitrain_core.native.runtime.library import run

pytestmark = pytest.mark.usefixtures("cpu")

GEOMETRIES = [
    Geometry(1, 1, 1, 1, 1, 1),
    Geometry(3, 7, 5, 17, 3, 2, (1, 1), (1, 0)),
    Geometry(17, 6, 9, 3, 2, 3, (2, 1), (0, 1)),
    Geometry(16, 8, 8, 33, 3, 3, (1, 1), (1, 1)),
    Geometry(5, 9, 9, 16, 3, 5, (2, 2), (3, 5)),
    Geometry(33, 5, 4, 15, 1, 1, (2, 2)),
    Geometry(1, 12, 13, 6, 5, 5, (1, 1), (2, 2)),
    Geometry(16, 6, 33, 48, 3, 3, (3, 2), (1, 1)),
    Geometry(7, 3, 9, 7, 3, 3, (1, 4), (1, 2)),
    Geometry(1, 5, 35, 6, 3, 5, (1, 1), (1, 3)),
    Geometry(1, 8, 20, 3, 4, 2),
    Geometry(1, 3, 33, 8, 3, 3, (1, 1), (1, 0)),
    Geometry(1, 2, 18, 1, 3, 3, (1, 1), (1, 1)),
]
N = 3
NAMES = [f"{g.C}x{g.H}x{g.W} by {g.O}x{g.KH}x{g.KW}" for g in GEOMETRIES]
each_geometry = pytest.mark.parametrize("g", GEOMETRIES, ids=NAMES)


def values(*sizes, seed=1):
    array = np.random.default_rng(seed).standard_normal(sizes).astype(np.float32)
    array.reshape(-1)[::5] = 0.0
    return array


def untouched(*sizes):
    return fenced(np.full(sizes, UNTOUCHED))


def images(g, count=N, seed=1):
    return values(count, g.H, g.W, g.C, seed=seed)


def weights(g, seed=2):
    return values(g.O, g.C, g.KH, g.KW, seed=seed)


def gradient(g, count=N, seed=3):
    return values(count, g.OH, g.OW, g.O, seed=seed)


# -- the kernels


def pad(g, x):
    xp = untouched(len(x), g.PH, g.PW, g.C)
    run(convolution.pad(g), fenced(x), xp, 0, len(x))
    return xp


def forward(g, x, weight, bias=None, relu=False, pool=False, part=None, positions=True):
    packed = untouched(convolution.packed_size(g))
    run(convolution.pack(g), fenced(weight), packed)
    size = (g.OH // 2, g.OW // 2) if pool else (g.OH, g.OW)
    y, index = untouched(len(x), *size, g.O), untouched(len(x), *size, g.O)
    kernel = convolution.forward(g, relu, bias is not None, pool, positions)
    b, i = 0 if bias is None else fenced(bias), index if pool and positions else 0
    run(kernel, pad(g, x), packed, b, y, i, *(part or (0, len(x))))
    return (y, index) if pool else y


def dilate(g, d):
    ds = untouched(len(d), g.DH, g.DW, g.O)
    run(convolution.dilate(g), fenced(d), ds, 0, len(d))
    return ds


def input_gradient(g, d, weight, act=None, part=None):
    packed, dx = untouched(convolution.transposed_size(g)), untouched(len(d), g.H, g.W, g.C)
    run(convolution.pack_transposed(g), fenced(weight), packed)
    mask = [] if act is None else [fenced(act)]
    kernel = convolution.input_gradient(g, act is not None)
    run(kernel, dilate(g, d), packed, dx, *mask, *(part or (0, len(d))))
    return dx


def weight_gradient(g, x, d, parts=None):
    packed = untouched(convolution.packed_size(g))
    for first, last in parts or [(0, convolution.weight_units(g))]:
        kernel = convolution.weight_gradient(g)
        run(kernel, pad(g, x), fenced(d), packed, len(x), first, last)
    dw = untouched(g.O, g.C, g.KH, g.KW)
    run(convolution.unpack_gradient(g), packed, dw)
    return dw


def pooled_weight_gradient(g, x, dy, index, parts=None):
    packed = untouched(convolution.pooled_weight_size(g))
    kernel, arrays = convolution.pooled_weight_gradient(g), (pad(g, x), fenced(dy), fenced(index))
    for first, last in parts or [(0, convolution.pooled_weight_units(g))]:
        run(kernel, *arrays, packed, len(x), first, last)
    dw = untouched(g.O, g.C, g.KH, g.KW)
    run(convolution.unpack_pooled_gradient(g), packed, dw)
    return dw


def pooled_input_gradient(g, weight, dy, index, part=None):
    packed, dx = untouched(convolution.pooled_packed_size(g)), untouched(len(dy), g.H, g.W, g.C)
    run(convolution.pack_pooled(g), fenced(weight), packed)
    kernel = convolution.pooled_input_gradient(g)
    run(kernel, fenced(dy), fenced(index), packed, dx, *(part or (0, len(dy))))
    return dx


def pooled_bias_gradient(g, dy, index):
    db = untouched(g.O)
    rows = dy.size // g.O
    run(convolution.pooled_bias_gradient(g), fenced(dy), fenced(index), db, rows, 0, g.O)
    return db


# -- the expected results


def padded(g, x):
    py, px = g.padding
    return np.pad(x.astype(np.float64), ((0, 0), (py, py), (px, px), (0, 0)))


def windows(g, xp):
    """Return the view (N, OH, OW, C, KH, KW) of padded images."""
    all_of_them = np.lib.stride_tricks.sliding_window_view(xp, (g.KH, g.KW), (1, 2))
    return all_of_them[:, :: g.stride[0], :: g.stride[1]]


def expected_forward(g, x, weight):
    return np.einsum("nyxcij,ocij->nyxo", windows(g, padded(g, x)), weight.astype(np.float64))


def expected_input_gradient(g, d, weight):
    dxp = np.zeros((len(d), g.PH, g.PW, g.C))
    for i in range(g.KH):
        for j in range(g.KW):
            view = dxp[:, i :: g.stride[0], j :: g.stride[1]][:, : g.OH, : g.OW]
            view += d.astype(np.float64) @ weight[:, :, i, j].astype(np.float64)
    return dxp[:, g.padding[0] :, g.padding[1] :][:, : g.H, : g.W]


def expected_weight_gradient(g, x, d):
    return np.einsum("nyxcij,nyxo->ocij", windows(g, padded(g, x)), d.astype(np.float64))


def expected_pool(y):
    """Return the maximum over 2x2 and its position: the first of equal ones, the last NaN."""
    n, h, w, c = y.shape
    y = y[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, c)
    window = y.transpose(2, 4, 0, 1, 3, 5).reshape(4, n, h // 2, w // 2, c)
    nan = np.isnan(window)
    where = np.argmax(np.where(nan, -np.inf, window), 0)
    last_nan = 3 - np.argmax(nan[::-1], 0)
    where = np.where(nan.any(0), last_nan, where)
    return np.take_along_axis(window, where[None], 0)[0], where


def expected_unpool(g, dy, index):
    d = np.zeros((len(dy), g.OH, g.OW, g.O), np.float32)
    for place in range(4):
        view = d[:, place // 2 :: 2, place % 2 :: 2][:, : dy.shape[1], : dy.shape[2]]
        view[...] = np.where(index == place, dy, 0)
    return d


# -- the tests


@each_geometry
def test_pad_and_dilate(g):
    x, d = images(g), gradient(g)
    np.testing.assert_array_equal(pad(g, x), padded(g, x).astype(np.float32))
    expected, rows = np.zeros((N, g.DH, g.DW, g.O), np.float32), set()
    for y in range(g.OH):
        for z in range(g.OW):
            at = (
                y * g.stride[0] + g.KH - 1 - g.padding[0],
                z * g.stride[1] + g.KW - 1 - g.padding[1],
            )
            if 0 <= at[0] < g.DH and 0 <= at[1] < g.DW:
                expected[:, at[0], at[1]] = d[:, y, z]
                rows.add(at[0])
    ds = dilate(g, d)
    zeros = np.delete(ds, list(rows), 1)  # unwritten where they are not read
    assert np.all((zeros == 0.0) | (zeros == UNTOUCHED))
    np.testing.assert_array_equal(ds[:, list(rows)], expected[:, list(rows)])


@each_geometry
@pytest.mark.parametrize(("relu", "with_bias"), [(False, False), (True, True)])
def test_forward(g, relu, with_bias):
    x, weight, bias = images(g), weights(g), values(g.O, seed=4)
    y = forward(g, x, weight, bias if with_bias else None, relu)
    expected = expected_forward(g, x, weight) + with_bias * bias.astype(np.float64)
    scale = expected_forward(g, np.abs(x), np.abs(weight)) + with_bias * np.abs(bias)
    close(y, np.maximum(expected, 0) if relu else expected, scale)


@each_geometry
@pytest.mark.parametrize("relu", [False, True])
def test_a_fused_pool_equals_the_pool_of_the_output(g, relu):
    x, weight, bias = images(g), weights(g), values(g.O, seed=4)
    x[:, ::3, ::2] = 0.0  # windows of equal values
    y = forward(g, x, weight, bias, relu)
    largest, index = forward(g, x, weight, bias, relu, pool=True)
    expected, where = expected_pool(y)
    np.testing.assert_array_equal(largest, expected)
    np.testing.assert_array_equal(index, np.where(expected <= 0, -1, where) if relu else where)


@each_geometry
@pytest.mark.parametrize("relu", [False, True])
def test_a_fused_pool_has_the_same_bits_without_positions(g, relu):
    x, weight, bias = images(g), weights(g), values(g.O, seed=4)
    x[1, 0, 0] = np.nan
    largest, _ = forward(g, x, weight, bias, relu, pool=True)
    alone, _ = forward(g, x, weight, bias, relu, pool=True, positions=False)
    assert largest.tobytes() == alone.tobytes()


@pytest.mark.parametrize("relu", [False, True])
def test_the_last_nan_of_a_window_is_its_maximum(relu):
    g = Geometry(1, 4, 6, 3, 1, 1)
    x, weight = images(g), np.ones((3, 1, 1, 1), np.float32)
    x[0, 0, 0] = x[0, 0, 1] = x[1, 2, 4] = x[2, 3, 5] = np.nan
    largest, index = forward(g, x, weight, None, relu, pool=True)
    expected, where = expected_pool(np.maximum(x, 0) if relu else x)
    np.testing.assert_array_equal(largest, np.repeat(expected, 3, -1))
    where = np.where(expected <= 0, -1, where) if relu else where
    np.testing.assert_array_equal(index, np.repeat(where, 3, -1))


@each_geometry
def test_unpool(g):
    size = (N, g.OH // 2, g.OW // 2, g.O)
    dy, index = values(*size), np.random.default_rng(5).integers(-1, 4, size).astype(np.float32)
    d = untouched(N, g.OH, g.OW, g.O)
    run(convolution.unpool(g), fenced(dy), fenced(index), d, 0, N)
    np.testing.assert_array_equal(d, expected_unpool(g, dy, index))


@each_geometry
@pytest.mark.parametrize("masked", [False, True])
def test_input_gradient(g, masked):
    d, weight, act = gradient(g), weights(g), images(g)
    dx = input_gradient(g, d, weight, act if masked else None)
    expected = expected_input_gradient(g, d, weight)
    scale = expected_input_gradient(g, np.abs(d), np.abs(weight))
    close(dx, expected * (act > 0) if masked else expected, scale)


@each_geometry
def test_weight_gradient(g):
    x, d = images(g), gradient(g)
    expected = expected_weight_gradient(g, x, d)
    close(weight_gradient(g, x, d), expected, expected_weight_gradient(g, np.abs(x), np.abs(d)))


def test_a_weight_gradient_whose_terms_cancel_keeps_its_precision():
    """As below a batch norm: the gradients add up to 0, and the background is not 0."""
    g = Geometry(1, 28, 28, 16, 3, 3, (1, 1), (1, 1))
    draw = np.random.default_rng(0)
    x = (draw.standard_normal((64, 28, 28, 1)) * 0.1 - 0.42).astype(np.float32)
    d = draw.standard_normal((64, 28, 28, 16)).astype(np.float32)
    d -= d.mean((0, 1, 2))
    expected = expected_weight_gradient(g, x, d)
    error = np.linalg.norm(weight_gradient(g, x, d) - expected) / np.linalg.norm(expected)
    assert error < 2e-6


@each_geometry
def test_any_split_has_the_same_bits(g):
    x, d, weight = images(g), gradient(g), weights(g)
    y, dx = forward(g, x, weight), input_gradient(g, d, weight)
    for part in [(0, 1), (1, 3), (2, 2), (2, 1)]:
        inside = slice(part[0], max(part))
        for whole, some in [
            (y, forward(g, x, weight, part=part)),
            (dx, input_gradient(g, d, weight, part=part)),
        ]:
            np.testing.assert_array_equal(some[inside], whole[inside])
            assert np.all(np.delete(some, inside, 0) == UNTOUCHED)
    count = convolution.weight_units(g)
    parts = [(count // 2, count), (count, count), (0, count // 3), (count // 3, count // 2), (1, 0)]
    np.testing.assert_array_equal(weight_gradient(g, x, d, parts), weight_gradient(g, x, d))


def test_a_sample_has_the_same_bits_in_any_batch():
    g = GEOMETRIES[1]
    x, weight, d = images(g), weights(g), gradient(g)
    np.testing.assert_array_equal(forward(g, x[1:], weight), forward(g, x, weight)[1:])
    part = input_gradient(g, d[2:], weight)
    np.testing.assert_array_equal(part, input_gradient(g, d, weight)[2:])


@each_geometry
def test_no_samples(g):
    x, d = images(g, 0), gradient(g, 0)
    assert forward(g, x, weights(g)).shape == (0, g.OH, g.OW, g.O)
    assert input_gradient(g, d, weights(g)).shape == x.shape
    assert np.all(weight_gradient(g, x, d) == 0.0)


@pytest.mark.parametrize("channels", [1, 2])
def test_many_samples(channels):
    g = Geometry(channels, 20, 20, 3, 3, 3)  # more than the caches hold at once
    x, d = images(g, 21), gradient(g, 21)
    expected = expected_weight_gradient(g, x, d)
    close(weight_gradient(g, x, d), expected, expected_weight_gradient(g, np.abs(x), np.abs(d)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_inf_reach_only_their_sample(bad):
    g = GEOMETRIES[3]
    x, weight, d = images(g), weights(g), gradient(g)
    weight[weight == 0] = 1.0
    x[1, 4, 4, 15] = d[1, 4, 4, 32] = bad
    y, dx = forward(g, x, weight, relu=True), input_gradient(g, d, weight)
    expected = expected_forward(g, x, weight)
    np.testing.assert_array_equal(np.isnan(y), np.isnan(np.maximum(expected, 0)))
    reached = np.zeros(dx.shape, bool)
    reached[1, 3:6, 3:6] = True
    np.testing.assert_array_equal(~np.isfinite(dx), reached)
    dw = weight_gradient(g, np.ones_like(x), d)
    assert not np.isfinite(dw[32]).any() and np.isfinite(dw[:32]).all()


# -- the gradients from a pooled gradient

POOLED = [
    Geometry(1, 28, 28, 6, 5, 5, (1, 1), (2, 2)),
    Geometry(6, 14, 14, 16, 5, 5),
    Geometry(16, 8, 10, 9, 3, 3, (1, 1), (1, 1)),
    Geometry(32, 6, 6, 40, 3, 3, (1, 1), (1, 1)),  # more weights than are processed together
    Geometry(3, 9, 7, 5, 3, 4, (1, 1), (2, 1)),
    Geometry(5, 8, 9, 3, 6, 2, (1, 1), (0, 1)),
    Geometry(1, 12, 13, 6, 5, 5, (1, 1), (2, 2)),
    Geometry(1, 5, 35, 6, 3, 5, (1, 1), (1, 3)),
    Geometry(1, 8, 20, 3, 4, 2),
    Geometry(1, 3, 33, 6, 3, 3, (1, 1), (1, 0)),
    Geometry(1, 2, 2, 2, 1, 1),
    Geometry(1, 7, 90, 17, 2, 11, (1, 1), (0, 4)),
    Geometry(1, 31, 66, 7, 4, 4, (1, 1), (3, 3)),  # more rows than are prepared at once
    Geometry(1, 6, 300, 2, 3, 3),
    Geometry(1, 9, 40, 6, 3, 17),
    Geometry(70, 4, 4, 3, 2, 3),  # more vectors than registers hold
]
NOT_POOLED = [
    Geometry(1, 9, 9, 6, 3, 3, (1, 2)),
    Geometry(2, 6, 2000, 1, 3, 3),  # a row is larger than the prepared memory
    Geometry(1, 1, 9, 6, 1, 1),  # no windows
    Geometry(3, 8, 1, 6, 1, 1),
]
each_pooled = pytest.mark.parametrize(
    "g", POOLED, ids=[f"{g.C}x{g.H}x{g.W} by {g.O}x{g.KH}x{g.KW}" for g in POOLED]
)


def pooled(g, count=N):
    """Return images, the pooled gradient and the positions of the maxima."""
    size = (count, g.OH // 2, g.OW // 2, g.O)
    index = np.random.default_rng(5).integers(-1, 4, size).astype(np.float32)
    return images(g, count), values(*size, seed=3), index


def has_pooled_weight_gradient(g):
    """Return whether this processor has the kernel; it must where vectors are wide."""
    assert convolution.has_pooled_weight_gradient(g) or host().lanes < 16 or g.C > 32
    return convolution.has_pooled_weight_gradient(g)


def has_pooled_input_gradient(g):
    """Return whether this processor has the kernel; it must where vectors are wide."""
    assert convolution.has_pooled_input_gradient(g) or host().lanes < 8 or min(g.KH, g.KW) == 1
    return convolution.has_pooled_input_gradient(g)


def test_geometries_without_gradients_from_a_pooled_one():
    assert not any(convolution.has_pooled_weight_gradient(g) for g in NOT_POOLED)
    assert not any(
        convolution.has_pooled_input_gradient(g) for g in NOT_POOLED[:1] + NOT_POOLED[2:]
    )


@each_pooled
@pytest.mark.parametrize("count", [0, 1, N])
def test_the_weight_gradient_from_a_pooled_one(g, count):
    if has_pooled_weight_gradient(g):
        x, dy, index = pooled(g, count)
        d = expected_unpool(g, dy, index)
        expected = expected_weight_gradient(g, x, d)
        scale = expected_weight_gradient(g, np.abs(x), np.abs(d))
        close(pooled_weight_gradient(g, x, dy, index), expected, scale)


@each_pooled
def test_any_split_of_the_pooled_weight_gradient_has_the_same_bits(g):
    if has_pooled_weight_gradient(g):
        arrays, count = pooled(g), convolution.pooled_weight_units(g)
        parts = [(count // 2, count), (count, count), (0, count // 2), (1, 0)]
        whole = pooled_weight_gradient(g, *arrays)
        np.testing.assert_array_equal(pooled_weight_gradient(g, *arrays, parts), whole)
        written = np.zeros((g.O, g.KH), int)
        for unit in range(count):
            part = pooled_weight_gradient(g, *arrays, [(unit, unit + 1)])
            is_written = np.any(part != UNTOUCHED, (1, 3))  # (o, ky)
            np.testing.assert_array_equal(
                part.swapaxes(1, 2)[is_written], whole.swapaxes(1, 2)[is_written]
            )
            assert is_written.any()
            written += is_written
        assert np.all(written == 1)


@each_pooled
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_inf_of_a_pooled_gradient_are_not_hidden(g, bad):
    x, dy, index = pooled(g)
    channel = g.O // 2
    dy[-1, -1, -1, channel], index[-1, -1, -1, channel] = bad, -1  # where ReLU is off
    db = pooled_bias_gradient(g, dy, index)
    assert np.isnan(db[channel]) and np.isfinite(np.delete(db, channel)).all()
    if has_pooled_weight_gradient(g):
        dw = pooled_weight_gradient(g, np.ones_like(x), dy, index)
        assert np.isnan(dw[channel]).all() and np.isfinite(np.delete(dw, channel, 0)).all()


def test_lanes_beyond_the_taps_are_ignored():
    g = Geometry(1, 9, 29, 6, 5, 5)  # the last column of 25 is in no window
    if has_pooled_weight_gradient(g):
        x, dy, index = pooled(g)
        expected = pooled_weight_gradient(g, x, dy, index)
        x[:, :, -1] = np.nan
        np.testing.assert_array_equal(pooled_weight_gradient(g, x, dy, index), expected)


def test_a_value_where_relu_is_off_uses_the_first_pixel_of_its_window():
    g = Geometry(1, 4, 40, 2, 1, 1)
    x, dy, index = pooled(g)
    index[...] = -1
    x[:, 1::2], x[:, :, 1::2] = np.nan, np.nan
    assert np.all(pooled_weight_gradient(g, x, dy, index) == 0.0)


@each_geometry
@pytest.mark.parametrize("count", [0, 1, N])
def test_the_bias_gradient_from_a_pooled_one(g, count):
    _, dy, index = pooled(g, count)
    db = pooled_bias_gradient(g, dy, index)
    on = index >= 0
    close(db, (dy.astype(np.float64) * on).sum((0, 1, 2)), (np.abs(dy) * on).sum((0, 1, 2)))


@each_pooled
@pytest.mark.parametrize("count", [0, 1, N])
def test_the_input_gradient_from_a_pooled_one(g, count):
    if has_pooled_input_gradient(g):
        _, dy, index = pooled(g, count)
        weight, d = weights(g), expected_unpool(g, dy, index)
        expected = expected_input_gradient(g, d, weight)
        scale = expected_input_gradient(g, np.abs(d), np.abs(weight))
        close(pooled_input_gradient(g, weight, dy, index), expected, scale)


@each_pooled
def test_any_split_of_the_pooled_input_gradient_has_the_same_bits(g):
    if has_pooled_input_gradient(g):
        (_, dy, index), weight = pooled(g), weights(g)
        whole = pooled_input_gradient(g, weight, dy, index)
        for part in [(0, 1), (1, 3), (2, 2), (2, 1)]:
            some, inside = pooled_input_gradient(g, weight, dy, index, part), slice(*part)
            np.testing.assert_array_equal(some[inside], whole[inside])
            others = np.delete(some, np.r_[inside], 0)
            assert np.all(others == UNTOUCHED)


@each_pooled
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_inf_reach_the_pixels_of_their_window(g, bad):
    if has_pooled_input_gradient(g):
        (_, dy, index), weight = pooled(g), np.ones((g.O, g.C, g.KH, g.KW), np.float32)
        dy[1, 0, 0, -1], index[1, 0, 0, -1] = bad, 3
        finite = np.isfinite(pooled_input_gradient(g, weight, dy, index))
        d = expected_unpool(g, np.where(np.isfinite(dy), 0, 1), index)
        must = expected_input_gradient(g, d, weight) != 0
        may = np.zeros((g.PH, g.PW), bool)
        may[: g.KH + 1, : g.KW + 1] = True
        may = may[g.padding[0] :, g.padding[1] :][: g.H, : g.W]
        assert must.any() and not finite[must].any()
        assert finite[[0, 2]].all() and finite[1][~may].all()


@pytest.mark.parametrize(
    "g", [Geometry(24, 6, 7, 8, 3, 3, (1, 1), (1, 1)), Geometry(6, 7, 6, 17, 3, 3, (2, 1), (1, 1))]
)
def test_the_bits_do_not_depend_on_the_tiles(each_tiles, g):
    x, weight, d = images(g, seed=1), weights(g), gradient(g)
    results = set()
    for _ in each_tiles():
        y, index = forward(g, x, weight, values(g.O, seed=4), True, pool=True)
        plain = forward(g, x, weight)
        arrays = y, index, plain, input_gradient(g, d, weight), weight_gradient(g, x, d)
        results.add(b"".join(array.tobytes() for array in arrays))
    assert len(results) == 1
