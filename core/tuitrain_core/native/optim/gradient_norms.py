"""Norms of gradients, and the clipping of gradients by norm and by value.

Sums of squares are float64, and added up in the order of `optimizer.reference.square_sum`, to the
same bits: first 256 lanes, which threads may share, and then the lanes, by halves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llvmlite import ir

from ..ir import vector_math
from ..ir.builder import DOUBLE, FLOAT, INT32, WORD_BYTES, Builder, Int, Mask, Value
from ..runtime.library import Kernel, get_kernel

LANES = 256
"""Partial sums of a sum of squares: those of `optimizer.reference`."""

CHUNK_SIZE = 4096
"""Elements per unit of work of `scale` and `clamp`."""

_ROWS = 4  # of lanes, added up before they are added to the lanes


def square_sums() -> Kernel:
    """Return the kernel of the lanes of a sum of squares.

    Arguments: array, size, lanes (float64), first, last (lanes; multiples of 16).
    """
    return get_kernel(_square_sums, 5)


def sum_lane_rows() -> Kernel:
    """Return the kernel that adds up lanes, in place.

    Arguments: lanes, sums, first, last (sums).
    """
    return get_kernel(_sum_lane_rows, 4)


def clip_factor() -> Kernel:
    """Return the kernel of the factor that limits the common norm of gradients.

    The factor is 1 if the norm is below the limit or not finite. Arguments: sums of squares, their
    number, limit (float64), factor (float32).
    """
    return get_kernel(_clip_factor, 4)


def scale() -> Kernel:
    """Return the kernel gradient *= factor.

    Arguments: gradient, factor (float32), size, first, last (chunks).
    """
    return get_kernel(_scale, 5)


def clamp() -> Kernel:
    """Return the kernel that clamps elements to [-limit, limit]; NaN stays.

    Arguments: as `scale`, with the limit (float32) as factor.
    """
    return get_kernel(_clamp, 5)


def _square_sums(k: Builder) -> None:
    array, size, lanes, first, last = k.arguments
    vectors = k.div(k.sub(last, first), k.lanes)

    def for_each_lane(body: Callable[[Int], None]) -> None:
        k.loop(vectors, lambda i, _: body(k.add(first, k.mul(i, k.lanes))))

    def quarters(start: Value, quarter: Int, lane: Int, mask: Mask) -> Value:
        places = [k.at(start, k.mul(quarter, row), lane) for row in range(_ROWS)]
        a, b, c, d = (_square(k, k.load(place, 0, mask)) for place in places)
        return k.ir.fadd(k.ir.fadd(a, b), k.ir.fadd(c, d))

    def chunk(i: Int, _: object) -> None:
        start = k.at(array, k.mul(i, _ROWS * LANES))
        for_each_lane(lambda lane: _add(k, lanes, lane, quarters(start, LANES, lane, None)))

    def tail(lane: Int) -> None:
        mask = vector_math.lane_mask(k, _clamp_to_lanes(k, k.sub(quarter, lane)))
        _add(k, lanes, lane, quarters(start, quarter, lane, mask))

    def rest() -> None:
        mask = vector_math.lane_mask(k, k.rem(size, _ROWS))
        values = k.load(k.at(start, k.mul(quarter, _ROWS)), 0, mask)
        _add(k, lanes, k.constant_int(0), _square(k, values))

    for_each_lane(lambda lane: _store(k, ir.Constant(_wide(k), None), _place(k, lanes, lane)))
    k.loop(k.div(size, _ROWS * LANES), chunk)
    left = k.rem(size, _ROWS * LANES)
    start, quarter = k.at(array, k.sub(size, left)), k.div(left, _ROWS)
    for_each_lane(tail)
    at_start = k.equal(first, 0)
    k.if_then(k.ir.and_(at_start, k.less(first, last)), rest)


def _sum_lane_rows(k: Builder) -> None:
    lanes, sums, first, last = k.arguments

    def row(i: Int, _: object) -> None:
        index = k.add(first, i)
        store_total(k, _place(k, lanes, k.mul(index, LANES)), sums, index)

    k.loop(k.sub(last, first), row)


def _clip_factor(k: Builder) -> None:
    sums, count, limit, result = k.arguments

    def add(i: Value, total: list[Value]) -> list[Value]:
        return [k.ir.fadd(total[0], k.load_element(DOUBLE, sums, i))]

    (square,) = k.loop(count, add, [ir.Constant(DOUBLE, 0.0)])
    root = ir.Function(k.module, ir.FunctionType(DOUBLE, [DOUBLE]), "llvm.sqrt.f64")
    norm, max_norm = k.ir.call(root, [square]), k.load_element(DOUBLE, limit)
    above = k.ir.fcmp_ordered(">", norm, max_norm)
    finite = k.ir.fcmp_ordered("<", norm, ir.Constant(DOUBLE, float("inf")))
    factor = k.ir.fptrunc(k.ir.fdiv(max_norm, norm), FLOAT)
    one = ir.Constant(FLOAT, 1.0)
    k.store_scalar(k.ir.select(k.ir.and_(above, finite), factor, one), result)


def _scale(k: Builder) -> None:
    factor = k.splat(k.load_scalar(k.arguments[1]))
    _map(k, lambda value: k.ir.fmul(value, factor))


def _clamp(k: Builder) -> None:
    upper = k.splat(k.load_scalar(k.arguments[1]))
    lower = k.ir.fsub(k.constant(-0.0), upper)

    def clamped(value: Value) -> Value:
        value = k.ir.select(k.greater(value, upper), upper, value)
        return k.ir.select(k.ir.fcmp_ordered("<", value, lower), lower, value)

    _map(k, clamped)


def _map(k: Builder, function: Callable[[Value], Value]) -> None:
    """Apply a function to every element of some chunks, in place."""
    array, _, size, first, last = k.arguments

    def vector(start: Value, offset: Int, mask: Mask) -> None:
        k.store(function(k.load(start, offset, mask)), start, offset, mask)

    def chunk(i: Int, _: object) -> None:
        done = k.mul(k.add(first, i), CHUNK_SIZE)
        start, count = k.at(array, done), k.minimum(k.sub(size, done), CHUNK_SIZE)
        whole = k.div(count, k.lanes)
        k.loop(whole, lambda j, _: vector(start, k.mul(j, k.lanes), None))
        rest = k.sub(count, k.mul(whole, k.lanes))
        mask = vector_math.lane_mask(k, rest)
        k.if_then(k.less(0, rest), lambda: vector(start, k.mul(whole, k.lanes), mask))

    k.loop(k.sub(last, first), chunk)


def clear_lanes(k: Builder, lanes: Value) -> None:
    """Set the lanes of a sum to 0."""
    zeros = ir.Constant(_wide(k), None)
    k.loop(LANES // k.lanes, lambda i, _: _store(k, zeros, _place(k, lanes, k.mul(i, k.lanes))))


def add_chunk(
    k: Builder,
    lanes: Sequence[Value],
    read: Callable[[Int, Mask], Sequence[Value]],
    count: Int,
) -> None:
    """Add the squares of a chunk of up to 4 · `LANES` elements to the lanes of some sums.

    read(offset, mask) returns, for every sum, the doubles at an offset in the chunk, 0 where they
    are masked.
    """

    def add(quarter: Int, lane: Int, mask: Mask) -> None:
        quarters = (read(k.add(k.mul(quarter, row), lane), mask) for row in range(_ROWS))
        for row, values in zip(lanes, zip(*quarters, strict=True), strict=True):
            a, b, c, d = (k.ir.fmul(value, value) for value in values)
            _add(k, row, lane, k.ir.fadd(k.ir.fadd(a, b), k.ir.fadd(c, d)))

    def whole() -> None:
        k.loop(LANES // k.lanes, lambda i, _: add(LANES, k.mul(i, k.lanes), None))

    def part() -> None:
        quarter = k.div(count, _ROWS)

        def vector(i: Value, _: object) -> None:
            lane = k.mul(i, k.lanes)
            left = k.minimum(k.sub(quarter, lane), k.lanes)
            add(quarter, lane, vector_math.lane_mask(k, left))

        k.loop(k.div(k.add(quarter, k.lanes - 1), k.lanes), vector)
        mask = vector_math.lane_mask(k, k.rem(count, _ROWS))
        for row, rest in zip(lanes, read(k.mul(quarter, _ROWS), mask), strict=True):
            _add(k, row, k.constant_int(0), k.ir.fmul(rest, rest))

    is_whole = k.equal(count, _ROWS * LANES)
    k.if_else(is_whole, whole, part)


def store_total(k: Builder, lanes: Value, sums: Value, index: Int) -> None:
    """Add up the lanes of one sum, in place, and store the sum as a double."""
    half = LANES // 2
    while half >= k.lanes:
        _add_upper_half(k, lanes, half)
        half //= 2
    total = _load(k, lanes)
    while half:
        order = [lane + half if lane < half else lane for lane in range(k.lanes)]
        total = k.ir.fadd(total, k.shuffle(total, total, order))
        half //= 2
    k.store_element(k.ir.extract_element(total, ir.Constant(INT32, 0)), sums, index)


def widened(k: Builder, values: Value) -> Value:
    """Return a vector of floats as doubles."""
    return k.ir.fpext(values, _wide(k))


def _square(k: Builder, values: Value) -> Value:
    wide = widened(k, values)
    return k.ir.fmul(wide, wide)


def _clamp_to_lanes(k: Builder, count: Int) -> Value:
    return k.minimum(k.maximum(count, 0), k.lanes)


def _wide(k: Builder) -> ir.VectorType:
    return ir.VectorType(DOUBLE, k.lanes)


def _place(k: Builder, base: Value, doubles: Int) -> Value:
    return k.add(base, k.mul(doubles, WORD_BYTES))


def _load(k: Builder, place: Value) -> Value:
    return k.ir.load(k.ir.inttoptr(place, _wide(k).as_pointer()), align=8)


def _store(k: Builder, values: Value, place: Value) -> None:
    k.ir.store(values, k.ir.inttoptr(place, _wide(k).as_pointer()), align=8)


def _add_upper_half(k: Builder, lanes: Value, half: int) -> None:
    def vector(i: Int, _: object) -> None:
        lane = k.mul(i, k.lanes)
        _add(k, lanes, lane, _load(k, _place(k, lanes, k.add(lane, half))))

    k.loop(half // k.lanes, vector)


def _add(k: Builder, lanes: Value, lane: Int, values: Value) -> None:
    place = _place(k, lanes, lane)
    _store(k, k.ir.fadd(_load(k, place), values), place)
