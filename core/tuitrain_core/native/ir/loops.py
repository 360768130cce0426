"""Loops that kernels over channels share: along the channels, over pixels, and ordered sums.

Memory is [pixel][channel]: a vector holds neighbouring channels of one pixel. A sum over pixels is
added up in `CHAINS` chains, in an order that only the number of pixels decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llvmlite import ir

from . import vector_math
from .builder import Builder, Int, Mask, Value

CHAINS = 4
"""Sums that are under way at once, to hide the latency of an addition."""


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
    """Call part(row, offset, mask) for every vector of every row from first to last."""
    whole, rest = divmod(features, k.lanes)

    def row(i: Value, _: object) -> None:
        b = k.add(first, i)
        k.loop(whole, lambda j, _: part(b, k.mul(j, k.lanes), None))
        if rest:
            part(b, k.constant_int(whole * k.lanes), rest)

    k.loop(k.sub(last, first), row)


def for_each_pixel(k: Builder, pixels: int, body: Callable[[Int], None]) -> None:
    """Call body(pixel) for every pixel, some of them unrolled."""

    def some(start: Int, count: int) -> None:
        for i in range(count):
            body(k.add(start, i))

    k.tiles(0, pixels, (CHAINS, 1), some)


def chained_sums(
    k: Builder, count: Int, number: int, terms: Callable[[Int], Sequence[Value]]
) -> list[Value]:
    """Return the sum over i = 0 ... count-1 of each of the ``number`` vectors that terms(i) gives.

    Chain c has i = c, c + CHAINS, ...; what is left at the end joins the first chain.
    """

    def whole(i: Value, sums: list[Value]) -> list[Value]:
        start = k.mul(i, CHAINS)
        found = [value for c in range(CHAINS) for value in terms(k.add(start, c))]
        return [k.ir.fadd(total, value) for total, value in zip(sums, found, strict=True)]

    def rest(i: Value, sums: list[Value]) -> list[Value]:
        found = terms(k.add(k.mul(k.div(count, CHAINS), CHAINS), i))
        return [k.ir.fadd(t, v) for t, v in zip(sums, found, strict=False)] + sums[number:]

    sums = k.loop(k.div(count, CHAINS), whole, [k.zero] * (CHAINS * number))
    sums = k.loop(k.rem(count, CHAINS), rest, sums)
    return [_together(k, sums[term::number]) for term in range(number)]


def _together(k: Builder, chains: Sequence[Value]) -> Value:
    a, b, c, d = chains
    return k.ir.fadd(k.ir.fadd(a, b), k.ir.fadd(c, d))


def reduce_row(
    k: Builder, features: int, number: int, terms: Callable[[Int, Mask], Sequence[Value]]
) -> list[Value]:
    """Return sums over a row's features, each in all lanes of a vector.

    terms(offset, mask) gives ``number`` vectors, with 0 in the lanes that are masked.
    """
    whole, rest = divmod(features, k.lanes)
    sums = chained_sums(k, whole, number, lambda i: terms(k.mul(i, k.lanes), None))
    if rest:
        last = terms(whole * k.lanes, rest)
        sums = [k.ir.fadd(total, value) for total, value in zip(sums, last, strict=True)]
    return [k.splat(vector_math.sum_lanes(k, total)) for total in sums]


def fill_masked(k: Builder, value: Value, mask: Mask, other: float = 0.0) -> Value:
    """Return the value in the lanes of the mask, and another number in the rest."""
    if mask is None:
        return value
    assert isinstance(mask, int)
    bits = ir.Constant(k.bits, [int(lane < mask) for lane in range(k.lanes)])
    return k.ir.select(bits, value, k.constant(other))


def differing_lanes(k: Builder, value: Value, other: Value) -> Value:
    """Return 1 in the lanes in which two vectors are not the same number, else 0; NaN differs."""
    other_than = k.ir.fcmp_unordered("!=", value, other)
    return k.ir.select(other_than, k.constant(1), k.zero)


def mean_unless_equal(k: Builder, mean: Value, first: Value, different: Value) -> Value:
    """Return the mean of numbers, or the first of them where none is different from it.

    The mean of equal numbers may be another one by rounding, and so have a variance where there is
    none; without an eps that would be some number in place of NaN, which is 0 / 0.
    """
    return k.ir.select(k.ir.fcmp_ordered("==", different, k.zero), first, mean)
