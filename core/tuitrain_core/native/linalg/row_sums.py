"""The emitter of a sum over rows: the gradient of a bias.

db[o] = sum over rows b of read(b · row stride + o), where `read` returns a vector of summands.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ..ir import shuffles
from ..ir.builder import Builder, Int, Mask, Value

CHAINS = 4  # partial sums, to hide the latency of an addition

Read = Callable[[Int, Mask], Value]  # offset in floats, mask -> the vector there


def emit_row_sums(
    k: Builder, read: Read, db: Value, size: tuple[Int, int, int], part: tuple[Int, Int]
) -> None:
    """Emit the sums of some columns, in an order that does not depend on the choice of columns.

    size: number of rows, number of columns, row stride in floats.
    part: first and last column; the first is a multiple of 16, the last is one or all columns.
    """
    rows, N, stride = size
    first, last = part

    def column(start: Int, mask: Mask) -> None:
        total = _sum(k, read, start, rows, stride, mask, [k.zero] * CHAINS)
        k.store(total, db, start, mask)

    if stride == N and k.lanes >= 2 * N:
        k.if_then(k.less(first, last), lambda: _narrow(k, read, db, rows, N))
        return
    whole = k.div(k.maximum(k.sub(last, first), 0), k.lanes)
    k.loop(whole, lambda i, _: column(k.add(first, k.mul(i, k.lanes)), None))
    rest = N % k.lanes
    if rest:
        k.if_then(k.less(k.maximum(first, N - rest), last), lambda: column(N - rest, rest))


def _narrow(k: Builder, read: Read, db: Value, rows: Int, N: int) -> None:
    """Add up adjacent rows, several in a vector, so that no lane idles."""
    period = math.lcm(N, k.lanes) // k.lanes  # vectors after which a row begins with a vector again
    together = period * k.lanes // N

    def add(i: Value, sums: list[Value]) -> list[Value]:
        block = k.mul(i, 2 * period * k.lanes)
        return [k.ir.fadd(s, read(k.add(block, v * k.lanes), None)) for v, s in enumerate(sums)]

    blocks = k.div(rows, 2 * together)
    sums = k.loop(blocks, add, [k.zero] * (2 * period))
    pairs = zip(sums[:period], sums[period:], strict=True)
    total = shuffles.fold(k, [k.ir.fadd(a, b) for a, b in pairs], N)
    done = k.mul(blocks, 2 * together)
    start = [total, *[k.zero] * (CHAINS - 1)]
    rest = _sum(k, read, k.mul(done, N), k.sub(rows, done), N, N, start)
    k.store(rest, db, 0, N)


def _sum(
    k: Builder, read: Read, place: Int, rows: Int, stride: int, mask: Mask, start: list[Value]
) -> Value:
    """Return start plus the sum of one vector per row: rows b, b + CHAINS, ... form a chain."""

    def vector(row: Int, chain: int) -> Value:
        return read(k.add(k.add(place, k.mul(row, stride)), chain * stride), mask)

    def add(i: Value, sums: list[Value]) -> list[Value]:
        row = k.mul(i, CHAINS)
        return [k.ir.fadd(s, vector(row, c)) for c, s in enumerate(sums)]

    def add_rest(i: Value, sums: list[Value]) -> list[Value]:
        row = k.add(k.sub(rows, k.rem(rows, CHAINS)), i)
        return [k.ir.fadd(sums[0], vector(row, 0)), *sums[1:]]

    sums = k.loop(k.div(rows, CHAINS), add, start)
    sums = k.loop(k.rem(rows, CHAINS), add_rest, sums)
    return k.ir.fadd(k.ir.fadd(sums[0], sums[1]), k.ir.fadd(sums[2], sums[3]))
