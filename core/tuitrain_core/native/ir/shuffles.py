"""Emitters that bring lanes into another order: sums of whole vectors, rows turned into columns."""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from .builder import Builder, Value


def sum_each(k: Builder, vectors: Sequence[Value | None]) -> Value:
    """Return a vector whose lane i is the sum of the lanes of vectors[i]; one for each lane.

    A tree of shuffles that serves all at once; None stands for a lane that nobody will read.
    Every sum is added up in the same order, the two halves first, whichever lane it ends in.
    """
    tree, half = list(vectors), k.lanes // 2
    while half:
        tree = [_halves(k, tree[i], tree[i + half], half) for i in range(half)]
        half //= 2
    return tree[0]


def _halves(k: Builder, a: Value | None, b: Value | None, half: int) -> Value | None:
    """Return the sums of a's halves beside those of b's, within groups of 2 · half lanes."""
    low, high = _exchanged(k, a, b, half)
    return None if low is None else k.ir.fadd(low, high)


def interleave(k: Builder, vectors: Sequence[Value], count: int) -> list[Value]:
    """Return vectors[0][0], vectors[1][0], ..., vectors[0][1], ...: `count` lanes of each."""
    wide, result = len(vectors), []
    for start in range(0, count * wide, k.lanes):
        places = [divmod(start + lane, wide) for lane in range(k.lanes)]
        vector = k.zero
        for number in range(wide):
            lanes = [
                k.lanes + row if column == number and row < count else lane
                for lane, (row, column) in enumerate(places)
            ]
            vector = k.shuffle(vector, vectors[number], lanes)
        result.append(vector)
    return result


def transpose(k: Builder, rows: Sequence[Value | None]) -> list[Value | None]:
    """Return the columns of so many rows as there are lanes; None for what nobody reads.

    Blocks of half the size change places, down to single lanes.
    """
    block, half = list(rows), k.lanes // 2
    while half:
        for i in range(k.lanes):
            if not i & half:
                pair = block[i], block[i + half]
                block[i], block[i + half] = _exchanged(k, *pair, half)
        half //= 2
    return block


def _exchanged(k: Builder, a: Value | None, b: Value | None, half: int) -> tuple[Value | None, ...]:
    """Return a and b after b's lower halves have changed places with a's upper ones."""
    if a is None and b is None:
        return None, None
    unused, lanes = ir.Constant(k.vector, ir.Undefined), range(k.lanes)
    a, b = unused if a is None else a, unused if b is None else b
    low = [k.lanes + i - half if i & half else i for i in lanes]
    high = [k.lanes + i if i & half else i + half for i in lanes]
    return k.shuffle(a, b, low), k.shuffle(a, b, high)


def fold(k: Builder, vectors: Sequence[Value], width: int) -> Value:
    """Add up groups of `width` floats that lie side by side in the vectors.

    The vectors hold 1, 2, 4, ... groups. Halves are added until one is left; the sum is in the
    first lanes of the result, and the rest is 0.
    """
    floats = len(vectors) * k.lanes
    while floats > width:
        floats //= 2
        upper = _shifted(k, vectors, floats, floats)
        lower = _shifted(k, vectors, 0, floats)
        vectors = [k.ir.fadd(a, b) for a, b in zip(lower, upper, strict=True)]
    return _shifted(k, vectors, 0, width)[0]


def _shifted(k: Builder, vectors: Sequence[Value], start: int, count: int) -> list[Value]:
    """Return the floats from start on as vectors, zeros after `count` of them."""
    result = []
    for first in range(start, start + count, k.lanes):
        vector = k.zero
        for number, source in enumerate(vectors):
            places = [first + lane - number * k.lanes for lane in range(k.lanes)]
            held = [
                0 <= place < k.lanes and first + lane < start + count
                for lane, place in enumerate(places)
            ]
            if any(held):
                lanes = [
                    k.lanes + place if here else lane
                    for lane, (place, here) in enumerate(zip(places, held, strict=True))
                ]
                vector = k.shuffle(vector, source, lanes)
        result.append(vector)
    return result
