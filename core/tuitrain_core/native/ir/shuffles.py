"""Emitters that reorder lanes: sums of vectors, interleaving, transposition."""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from .builder import Builder, Value


def sum_each(k: Builder, vectors: Sequence[Value | None]) -> Value:
    """Return a vector whose lane i is the sum of the lanes of vectors[i]; one vector per lane.

    One tree of shuffles computes all sums; None marks a lane that is not read. Every sum is
    added up in the same order, the two halves first, whichever lane it ends in.
    """
    tree, half = list(vectors), k.lanes // 2
    while half:
        tree = [_add_halves(k, tree[i], tree[i + half], half) for i in range(half)]
        half //= 2
    return tree[0]


def _add_halves(k: Builder, a: Value | None, b: Value | None, half: int) -> Value | None:
    """Return the sums of a's halves beside those of b's, in blocks of 2 · half lanes."""
    low, high = _exchange_halves(k, a, b, half)
    return None if low is None else k.ir.fadd(low, high)


def interleave(k: Builder, vectors: Sequence[Value], count: int) -> list[Value]:
    """Return vectors[0][0], vectors[1][0], ..., vectors[0][1], ...: `count` lanes of every one.

    Pairs of vectors are interleaved first, which takes half as many shuffles.
    """
    wide, half = len(vectors), k.lanes // 2
    sources: list[Value] = []
    places: dict[tuple[int, int], tuple[int, int]] = {}  # (lane, vector) -> (source, its lane)
    for number in range(0, wide - 1, 2):
        for start in range(0, count, half):
            pairs = [(start + lane // 2, lane % 2) for lane in range(k.lanes)]
            for lane, (row, column) in enumerate(pairs):
                places[row, number + column] = len(sources), lane
            lanes = [row + column * k.lanes for row, column in pairs]
            sources.append(k.shuffle(vectors[number], vectors[number + 1], lanes))
    if wide % 2:
        places |= {(lane, wide - 1): (len(sources), lane) for lane in range(k.lanes)}
        sources.append(vectors[-1])
    numbers = [places[divmod(number, wide)] for number in range(count * wide)]
    starts = range(0, len(numbers), k.lanes)
    return [_gather(k, sources, numbers[start : start + k.lanes]) for start in starts]


def _gather(k: Builder, sources: Sequence[Value], places: Sequence[tuple[int, int]]) -> Value:
    """Return a vector of the lanes (source, lane), and zeros."""
    used = list(dict.fromkeys(source for source, _ in places))
    first, second = used[0], used[min(1, len(used) - 1)]
    shift = {second: k.lanes, first: 0}
    lanes = [shift.get(source, 0) + (lane if source in shift else 0) for source, lane in places]
    idle = [0] * (k.lanes - len(places))
    vector = k.shuffle(sources[first], sources[second], [*lanes, *idle])
    for source in used[2:]:
        lanes = [k.lanes + lane if s == source else i for i, (s, lane) in enumerate(places)]
        vector = k.shuffle(vector, sources[source], [*lanes, *idle])
    if not idle:
        return vector
    return k.shuffle(vector, k.zero, [i if i < len(places) else k.lanes for i in range(k.lanes)])


def transpose(k: Builder, rows: Sequence[Value | None]) -> list[Value | None]:
    """Transpose a square block of rows, one per lane; None marks a row that is not read.

    Exchanges blocks of half the size, down to single lanes.
    """
    block, half = list(rows), k.lanes // 2
    while half:
        for i in range(k.lanes):
            if not i & half:
                pair = block[i], block[i + half]
                block[i], block[i + half] = _exchange_halves(k, *pair, half)
        half //= 2
    return block


def _exchange_halves(
    k: Builder, a: Value | None, b: Value | None, half: int
) -> tuple[Value | None, ...]:
    """Return a and b with b's lower halves and a's upper halves exchanged."""
    if a is None and b is None:
        return None, None
    unused, lanes = ir.Constant(k.vector, ir.Undefined), range(k.lanes)
    a, b = unused if a is None else a, unused if b is None else b
    low = [k.lanes + i - half if i & half else i for i in lanes]
    high = [k.lanes + i if i & half else i + half for i in lanes]
    return k.shuffle(a, b, low), k.shuffle(a, b, high)


def fold(k: Builder, vectors: Sequence[Value], width: int) -> Value:
    """Add up runs of `width` floats that lie side by side in the vectors.

    The vectors hold 1, 2, 4, ... runs. Halves are added until one run is left; the sum is in the
    first lanes of the result, and the rest is 0.
    """
    floats = len(vectors) * k.lanes
    while floats > width:
        floats //= 2
        upper = _slice(k, vectors, floats, floats)
        lower = _slice(k, vectors, 0, floats)
        vectors = [k.ir.fadd(a, b) for a, b in zip(lower, upper, strict=True)]
    return _slice(k, vectors, 0, width)[0]


def _slice(k: Builder, vectors: Sequence[Value], start: int, count: int) -> list[Value]:
    """Return the floats from start on as vectors, zeros after `count` of them."""
    result = []
    for first in range(start, start + count, k.lanes):
        vector = k.zero
        for number, source in enumerate(vectors):
            places = [first + lane - number * k.lanes for lane in range(k.lanes)]
            inside = [
                0 <= place < k.lanes and first + lane < start + count
                for lane, place in enumerate(places)
            ]
            if any(inside):
                lanes = [
                    k.lanes + place if is_inside else lane
                    for lane, (place, is_inside) in enumerate(zip(places, inside, strict=True))
                ]
                vector = k.shuffle(vector, source, lanes)
        result.append(vector)
    return result
