"""The vector builder: loops of any count, tiles, masks, and sums in a fixed order."""

import numpy as np
import pytest
from fenced_memory import UNTOUCHED, fenced

from tuitrain_core.native.ir import shuffles
from tuitrain_core.native.ir.builder import FLOAT
from tuitrain_core.native.runtime import library
from tuitrain_core.native.runtime.library import run

pytestmark = pytest.mark.usefixtures("cpu")


def loops(k):
    """Add 0 ... n-1 to a float, where n is known at run time only."""
    n, out = k.arguments

    def add(i, carry):
        return [k.ir.fadd(carry[0], k.ir.sitofp(i, FLOAT))]

    (total,) = k.loop(n, add, [k.load_scalar(out)])
    k.store_scalar(total, out)


@pytest.mark.parametrize("n", [-2, 0, 1, 5])
def test_a_loop_runs_count_times(n):
    out = np.array([3.0], np.float32)
    run(library.get_kernel(loops, 2), n, out)
    assert out[0] == 3 + sum(range(n))


def cut(k, sizes):
    """Add 1 to every float of a range, and write the size of its tile beside it."""
    first, last, out = k.arguments

    def body(start, size):
        for i in range(size):
            place = k.at(out, k.mul(k.add(start, i), 2))
            k.store_scalar(k.ir.fadd(k.load_scalar(place), FLOAT(1.0)), place)
            k.store_scalar(FLOAT(float(size)), place, 1)

    k.tiles(first, last, sizes, body)


def test_tiles_cover_a_range_once_the_largest_first():
    out = np.zeros((20, 2), np.float32)
    run(library.get_kernel(cut, 3, (8, 4, 1)), 3, 18, out)
    np.testing.assert_array_equal(out[:, 0], [0] * 3 + [1] * 15 + [0] * 2)
    np.testing.assert_array_equal(out[3:18, 1], [8] * 8 + [4] * 4 + [1] * 3)
    run(library.get_kernel(cut, 3, (8, 4, 1)), 9, 2, out)
    assert out[:, 0].sum() == 15


def masked(k, count):
    source, out = k.arguments
    k.store(k.load(source, 0, count), out, 0, count)


def test_masked_lanes_are_neither_read_nor_written(cpu):
    for count in range(1, cpu.lanes + 1):
        source = fenced(np.arange(count) + 1)
        out = fenced(np.full(count, UNTOUCHED))
        run(library.get_kernel(masked, 2, count), source, out)
        np.testing.assert_array_equal(out, source)


def sums(k, present):
    source, out = k.arguments
    vectors = [k.load(source, i * k.lanes) if i in present else None for i in range(k.lanes)]
    k.store(shuffles.sum_each(k, vectors), out)


def test_a_sum_has_the_same_bits_in_every_lane(cpu):
    lanes = cpu.lanes
    vector = np.random.default_rng(3).standard_normal(lanes).astype(np.float32)
    source = np.tile(vector, lanes)
    expected, half = vector, lanes // 2
    while half:
        expected, half = expected[:half] + expected[half:], half // 2
    for present in (tuple(range(lanes)), (0,), (lanes - 1, 1)):
        out = np.empty(lanes, np.float32)
        run(library.get_kernel(sums, 2, present), source, out)
        np.testing.assert_array_equal(out[list(present)], expected[0])


def interleaved(k, wide, count):
    source, out = k.arguments
    vectors = [k.load(source, i * k.lanes) for i in range(wide)]
    for i, vector in enumerate(shuffles.interleave(k, vectors, count)):
        k.store(vector, out, i * k.lanes)


@pytest.mark.parametrize("wide", [1, 3, 6])
def test_interleave(cpu, wide):
    source = np.arange(1, wide * cpu.lanes + 1, dtype=np.float32).reshape(wide, cpu.lanes)
    for count in (1, cpu.lanes - 1, cpu.lanes):
        out = np.full(-(-wide * count // cpu.lanes) * cpu.lanes, UNTOUCHED)
        run(library.get_kernel(interleaved, 2, wide, count), source, out)
        np.testing.assert_array_equal(out[: wide * count], source.T[:count].ravel())
        assert np.all(out[wide * count :] == 0)


def folded(k, count, width):
    source, out = k.arguments
    k.store(shuffles.fold(k, [k.load(source, i * k.lanes) for i in range(count)], width), out)


@pytest.mark.parametrize("width", [1, 2, 3])
def test_fold(cpu, width):
    source = np.arange(width * cpu.lanes, dtype=np.float32) ** 2
    out = np.full(cpu.lanes, UNTOUCHED)
    run(library.get_kernel(folded, 2, width, width), source, out)
    np.testing.assert_array_equal(out[:width], source.reshape(-1, width).sum(0))
    assert np.all(out[width:] == 0)


def positive(k):
    value, condition, out = k.arguments
    k.store(k.where_positive(k.load(condition), k.load(value)), out)
    k.store(k.relu(k.load(value)), out, k.lanes)


def test_relu_keeps_nan_and_its_mask_is_a_product(cpu):
    value = np.resize(np.array([1, np.nan, -2, np.inf], np.float32), cpu.lanes)
    condition = np.resize(np.array([1, 1, 1, -1], np.float32), cpu.lanes)
    out = np.empty((2, cpu.lanes), np.float32)
    run(library.get_kernel(positive, 3), value, condition, out)
    np.testing.assert_array_equal(out[0, :4], [1, np.nan, -2, np.nan])
    np.testing.assert_array_equal(out[1, :4], [1, np.nan, 0, np.inf])


def transposed(k, rows):
    source, out = k.arguments
    lines = [k.load(source, i * k.lanes) for i in range(rows)]
    for i, column in enumerate(shuffles.transpose(k, [*lines, *[None] * (k.lanes - rows)])):
        k.store(column, out, i * rows, rows)


def test_rows_become_columns(cpu):
    for rows in range(1, cpu.lanes + 1):
        source = np.arange(rows * cpu.lanes, dtype=np.float32).reshape(rows, cpu.lanes)
        out = fenced(np.zeros((cpu.lanes, rows)))
        run(library.get_kernel(transposed, 2, rows), source, out)
        np.testing.assert_array_equal(out, source.T)


def addresses(k):
    """Write addresses to the stack; load the floats at the last ones, two at a time."""
    floats, out = k.arguments
    places, pair = k.scratch(2 * k.lanes), k.with_lanes(2)
    k.store_addresses(floats, k.constant_vector([3 * lane for lane in range(k.lanes)]), places)
    pair.store(pair.load(k.load_address(places, 2 * (k.lanes - 1))), out)


def test_addresses_are_kept_and_read_back(cpu):
    floats, out = fenced(np.arange(3 * cpu.lanes - 1)), fenced(np.zeros(2))
    run(library.get_kernel(addresses, 2), floats, out)
    np.testing.assert_array_equal(out, [3 * cpu.lanes - 3, 3 * cpu.lanes - 2])
