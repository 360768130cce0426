"""Loops that kernels share: over samples, vectors and pixels, and sums of a fixed order.

Memory is [pixel][channel]: a vector holds neighbouring channels of one pixel. A sum over pixels is
added up in `CHAINS` chains, in an order that depends on the number of pixels alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llvmlite import ir

from . import vector_math
from .builder import Builder, Int, Mask, Value

CHAINS = 4
"""Partial sums of one sum, to hide the latency of an addition."""


def for_each_sample(k: Builder, first: Value, last: Value, body: Callable[[Int], None]) -> None:
    """Call body(sample) for the samples first ... last-1."""
    k.loop(k.sub(last, first), lambda i, _: body(k.add(first, i)))


def for_each_vector(k: Builder, channels: int, body: Callable[[Int, Mask], None]) -> None:
    """Call body(offset, mask) for every vector of channels."""
    whole, rest = divmod(channels, k.lanes)
    k.loop(whole, lambda j, _: body(k.mul(j, k.lanes), None))
    if rest:
        body(whole * k.lanes, rest)


def for_each_row_vector(
    k: Builder,
    first: Value,
    last: Value,
    features: int,
    part: Callable[[Value, Value, object], None],
) -> None:
    """Call part(row, offset, mask) for every vector of the rows first ... last-1."""
    whole, rest = divmod(features, k.lanes)

    def row(i: Value, _: object) -> None:
        b = k.add(first, i)
        k.loop(whole, lambda j, _: part(b, k.mul(j, k.lanes), None))
        if rest:
            part(b, k.constant_int(whole * k.lanes), rest)

    k.loop(k.sub(last, first), row)


def for_each_pixel(k: Builder, pixels: int, body: Callable[[Int], None]) -> None:
    """Call body(pixel) for every pixel, in a loop unrolled by `CHAINS`."""

    def block(start: Int, count: int) -> None:
        for i in range(count):
            body(k.add(start, i))

    k.tiles(0, pixels, (CHAINS, 1), block)


def for_each_unit(
    k: Builder, part: tuple[Int, Int], counts: Sequence[int], body: Callable[[int, Int], None]
) -> None:
    """Call body(shape, index) for the units part[0] ... part[1]-1.

    Units are numbered through all shapes; shape s has counts[s] of them.
    """
    start = 0
    for shape, count in enumerate(counts):
        begin = k.maximum(k.sub(part[0], start), 0)
        end = k.sub(k.minimum(part[1], start + count), start)
        k.tiles(begin, end, [1], lambda index, _, shape=shape: body(shape, index))
        start += count


def chained_sums(
    k: Builder, count: Int, number: int, terms: Callable[[Int], Sequence[Value]]
) -> list[Value]:
    """Return the sums over i = 0 ... count-1 of the ``number`` vectors that terms(i) returns.

    Chain c adds i = c, c + CHAINS, ...; the last count % CHAINS terms join the first chain.
    """

    def whole(i: Value, sums: list[Value]) -> list[Value]:
        start = k.mul(i, CHAINS)
        values = [value for c in range(CHAINS) for value in terms(k.add(start, c))]
        return [k.ir.fadd(total, value) for total, value in zip(sums, values, strict=True)]

    def rest(i: Value, sums: list[Value]) -> list[Value]:
        values = terms(k.add(k.mul(k.div(count, CHAINS), CHAINS), i))
        return [k.ir.fadd(t, v) for t, v in zip(sums, values, strict=False)] + sums[number:]

    sums = k.loop(k.div(count, CHAINS), whole, [k.zero] * (CHAINS * number))
    sums = k.loop(k.rem(count, CHAINS), rest, sums)
    return [_add_chains(k, sums[term::number]) for term in range(number)]


def _add_chains(k: Builder, chains: Sequence[Value]) -> Value:
    a, b, c, d = chains
    return k.ir.fadd(k.ir.fadd(a, b), k.ir.fadd(c, d))


def reduce_row(
    k: Builder, features: int, number: int, terms: Callable[[Int, Mask], Sequence[Value]]
) -> list[Value]:
    """Return ``number`` sums over a row's features, every one in all lanes of a vector.

    terms(offset, mask) returns ``number`` vectors, with 0 in the masked lanes.
    """
    whole, rest = divmod(features, k.lanes)
    sums = chained_sums(k, whole, number, lambda i: terms(k.mul(i, k.lanes), None))
    if rest:
        last = terms(whole * k.lanes, rest)
        sums = [k.ir.fadd(total, value) for total, value in zip(sums, last, strict=True)]
    return [k.splat(vector_math.sum_lanes(k, total)) for total in sums]


def fill_masked(k: Builder, value: Value, mask: Mask, other: float = 0.0) -> Value:
    """Return the value in the lanes of the mask, and `other` in the rest."""
    if mask is None:
        return value
    assert isinstance(mask, int)
    bits = ir.Constant(k.bits, [int(lane < mask) for lane in range(k.lanes)])
    return k.ir.select(bits, value, k.constant(other))


def differing_lanes(k: Builder, value: Value, other: Value) -> Value:
    """Return 1 in the lanes in which two vectors differ, else 0; NaN differs from everything."""
    differs = k.ir.fcmp_unordered("!=", value, other)
    return k.ir.select(differs, k.constant(1), k.zero)


def mean_unless_equal(k: Builder, mean: Value, first: Value, different: Value) -> Value:
    """Return the mean of numbers, or the first number in lanes where all of them are equal.

    different: the number of values that differ from the first.

    Rounding may move the mean of equal numbers, which gives them a variance above 0. Without an eps
    the result would then be some number instead of NaN, which is 0 / 0.
    """
    return k.ir.select(k.ir.fcmp_ordered("==", different, k.zero), first, mean)
