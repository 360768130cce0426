"""Arithmetic on rows of floats with broadcasting: a bias, a scale, one number.

The second operand has ``period`` floats per row, or for all rows together (row stride 0); its row
is these floats ``repeat`` times. The last two arguments of a kernel are the range of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..ir.builder import Builder, Int, Mask, Value
from ..ir.loops import (
    chained_sums,
    for_each_pixel,
    for_each_row_vector,
    for_each_sample,
    for_each_vector,
    reduce_row,
)
from ..runtime.library import Kernel, get_kernel

OPERATIONS = ("add", "subtract", "multiply", "divide")


@dataclass(frozen=True)
class BroadcastShape:
    """The sizes of a row, and the row strides of a, b and the result, in floats."""

    period: int
    repeat: int
    strides: tuple[int, int, int]


def binary(kind: str, rows: BroadcastShape, relu: bool = False) -> Kernel:
    """Return the kernel y = a ∘ b (then max(·, 0)). Arguments: a, b, y, first, last."""
    return get_kernel(_binary, 5, kind, rows, relu)


def repeated_sum(kind: str, rows: BroadcastShape) -> Kernel:
    """Return the kernel that computes every row's part of the gradient of b.

    This is the sum over the repeats of d ("add"), -d ("subtract") or d · a ("multiply").
    Arguments: d, a (used to "multiply" only), result, first, last; the row strides are those of d,
    a and the result.
    """
    return get_kernel(_repeated_sum, 5, kind, rows)


def accumulate(features: int, stride: int) -> Kernel:
    """Return the kernel a += b. Arguments: a, b, first, last; both of one row stride."""
    return get_kernel(_accumulate, 4, features, stride)


def _binary(k: Builder, kind: str, rows: BroadcastShape, relu: bool) -> None:
    a, b, y, first, last = k.arguments
    compute = {"add": k.ir.fadd, "subtract": k.ir.fsub, "multiply": k.ir.fmul, "divide": k.ir.fdiv}

    def sample(n: Int) -> None:
        left, right, out = (
            k.at(array, k.mul(n, stride))
            for array, stride in zip((a, b, y), rows.strides, strict=True)
        )

        def write(other: Value, at: Int, mask: Mask) -> None:
            value = compute[kind](k.load(left, at, mask), other)
            k.store(k.relu(value) if relu else value, out, at, mask)

        def column(offset: Int, mask: Mask) -> None:
            other = k.load(right, offset, mask)
            for_each_pixel(
                k, rows.repeat, lambda i: write(other, k.add(k.mul(i, rows.period), offset), mask)
            )

        if rows.period == 1:
            other = k.splat(k.load_scalar(right))
            for_each_vector(k, rows.repeat, lambda offset, mask: write(other, offset, mask))
        else:
            for_each_vector(k, rows.period, column)

    for_each_sample(k, first, last, sample)


def _repeated_sum(k: Builder, kind: str, rows: BroadcastShape) -> None:
    d, a, result, first, last = k.arguments

    def sample(n: Int) -> None:
        slope, left, out = (
            k.at(array, k.mul(n, stride))
            for array, stride in zip((d, a, result), rows.strides, strict=True)
        )

        def term(at: Int, mask: Mask) -> Value:
            value = k.load(slope, at, mask)
            return k.ir.fmul(value, k.load(left, at, mask)) if kind == "multiply" else value

        def signed(value: Value) -> Value:
            return k.ir.fmul(value, k.constant(-1)) if kind == "subtract" else value

        def column(offset: Int, mask: Mask) -> None:
            (total,) = chained_sums(
                k, rows.repeat, 1, lambda i: [term(k.add(k.mul(i, rows.period), offset), mask)]
            )
            k.store(signed(total), out, offset, mask)

        if rows.period == 1:
            (total,) = reduce_row(k, rows.repeat, 1, lambda offset, mask: [term(offset, mask)])
            k.store(signed(total), out, 0, 1)
        else:
            for_each_vector(k, rows.period, column)

    for_each_sample(k, first, last, sample)


def _accumulate(k: Builder, features: int, stride: int) -> None:
    a, b, first, last = k.arguments

    def part(row: Value, offset: Value, mask: object) -> None:
        target = k.at(a, k.mul(row, stride))
        other = k.load(k.at(b, k.mul(row, stride)), offset, mask)
        k.store(k.ir.fadd(k.load(target, offset, mask), other), target, offset, mask)

    for_each_row_vector(k, first, last, features, part)
