"""Emitters that copy floats or write zeros: runs of any length, and strided rows."""

from __future__ import annotations

from collections.abc import Callable

from .builder import Builder, Int, Mask, Value

VECTORS_PER_ROUND = 8  # copied by one round of a loop; runs of less than two rounds have no loop


def fill_zeros(k: Builder, address: Value, count: int) -> None:
    """Write `count` zeros."""
    _each_vector(k, count, lambda offset, mask: k.store(k.zero, address, offset, mask))


def copy_floats(k: Builder, source: Value, target: Value, count: int) -> None:
    """Copy `count` floats."""
    _each_vector(k, count, lambda at, mask: k.store(k.load(source, at, mask), target, at, mask))


def _each_vector(k: Builder, count: int, move: Callable[[Int, Mask], None]) -> None:
    """Call move(offset, mask) for the vectors that cover `count` floats."""
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
    k: Builder,
    source: Value,
    target: Value,
    count: int,
    floats: int,
    source_stride: int,
    target_stride: int,
) -> None:
    """Copy `count` rows of `floats`, from one row stride to another."""

    def row(y: Value, _: list[Value]) -> None:
        copy_floats(
            k, k.at(source, k.mul(y, source_stride)), k.at(target, k.mul(y, target_stride)), floats
        )

    k.loop(count, row)


def fill_gaps(k: Builder, address: Value, count: int, floats: int, stride: int) -> None:
    """Write zeros to gaps of `floats`, one per row."""
    if floats:
        k.loop(count, lambda y, _: fill_zeros(k, k.at(address, k.mul(y, stride)), floats))
