"""Emitters that copy floats or write zeros: runs of any length, and rows."""

from __future__ import annotations

from collections.abc import Callable

from .builder import Builder, Int, Mask, Value

VECTORS_PER_ROUND = 8  # vectors copied by one round of a loop; shorter runs have no loop


def fill_zeros(k: Builder, address: Value, count: int) -> None:
    """Write so many zeros."""
    _runs(k, count, lambda offset, mask: k.store(k.zero, address, offset, mask))


def copy_floats(k: Builder, source: Value, target: Value, count: int) -> None:
    """Copy so many floats."""
    _runs(k, count, lambda at, mask: k.store(k.load(source, at, mask), target, at, mask))


def _runs(k: Builder, count: int, move: Callable[[Int, Mask], None]) -> None:
    """Call move(offset, mask) for the vectors that cover so many floats."""
    block = VECTORS_PER_ROUND * k.lanes
    rounds = count // block if count >= 2 * block else 0

    def step(i: Int, _: list[Value]) -> None:
        for vector in range(VECTORS_PER_ROUND):
            move(k.add(k.mul(i, block), vector * k.lanes), None)

    if rounds:
        k.loop(rounds, step)
    for offset, mask in k.vector_slices(count - rounds * block):
        move(rounds * block + offset, mask)


def copy_rows(
    k: Builder, source: Value, target: Value, count: int, floats: int, source_pitch: int, pitch: int
) -> None:
    """Copy rows from one pitch to another."""

    def row(y: Value, _: list[Value]) -> None:
        copy_floats(k, k.at(source, k.mul(y, source_pitch)), k.at(target, k.mul(y, pitch)), floats)

    k.loop(count, row)


def fill_gaps(k: Builder, address: Value, count: int, floats: int, pitch: int) -> None:
    """Fill what lies between rows with zeros."""
    if floats:
        k.loop(count, lambda y, _: fill_zeros(k, k.at(address, k.mul(y, pitch)), floats))
