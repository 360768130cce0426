"""Losses that compare each output with its target, and their gradients, in one pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from llvmlite import ir

from ..ir import vector_math
from ..ir.builder import DOUBLE, FLOAT, INT32, Builder, Value
from ..ir.loops import fill_masked
from ..runtime.library import Kernel, get_kernel

Formula: TypeAlias = Callable[[Builder, Value, Value], tuple[Value, Value]]
"""Maps outputs and targets to losses, and to their derivatives by the outputs."""


def pointwise_loss(kind: str, features: int, z_stride: int, t_stride: int, d_stride: int) -> Kernel:
    """Return the kernel of every row's mean loss, and of the gradient of the mean of all rows.

    Arguments: outputs Z, targets T, gradient D (all float32), losses, rows, first, last (rows).

    Parameters
    ----------
    kind : one of `KINDS`
    features : numbers in a row
    z_stride, t_stride, d_stride : the distance between two rows, in floats
    """
    return get_kernel(_pointwise_loss, 7, kind, features, z_stride, t_stride, d_stride)


def copy_loss() -> Kernel:
    """Return the kernel that copies a step's loss, a float, to a double.

    Arguments: the loss, the double.
    """
    return get_kernel(_copy_loss, 2)


def _copy_loss(k: Builder) -> None:
    single, double = k.arguments
    k.store_element(k.ir.fpext(k.load_scalar(single), DOUBLE), double)


def _pointwise_loss(
    k: Builder, kind: str, features: int, z_stride: int, t_stride: int, d_stride: int
) -> None:
    outputs, targets, gradient, losses, rows, first, last = k.arguments
    count = k.ir.fmul(k.ir.sitofp(rows, FLOAT), ir.Constant(FLOAT, float(features)))
    share = k.splat(k.ir.fdiv(ir.Constant(FLOAT, 1.0), count))
    whole = features // k.lanes
    formula = KINDS[kind]

    def row(i: Value, _: object) -> None:
        b = k.add(first, i)
        z_row, t_row = k.at(outputs, k.mul(b, z_stride)), k.at(targets, k.mul(b, t_stride))
        d_row = k.at(gradient, k.mul(b, d_stride))

        def vector(offset: Value, mask: int | None = None) -> Value:
            loss, slope = formula(k, k.load(z_row, offset, mask), k.load(t_row, offset, mask))
            k.store(k.ir.fmul(slope, share), d_row, offset, mask)
            return fill_masked(k, loss, mask)

        def add(j: Value, sums: list[Value]) -> list[Value]:
            return [k.ir.fadd(sums[0], vector(k.mul(j, k.lanes)))]

        (total,) = k.loop(whole, add, [k.zero]) if whole else [k.zero]
        rest = features - whole * k.lanes
        if rest:
            total = k.ir.fadd(total, vector(k.constant_int(whole * k.lanes), rest))
        mean = k.ir.fdiv(k.splat(vector_math.sum_lanes(k, total)), k.constant(features))
        k.store_scalar(k.ir.extract_element(mean, ir.Constant(INT32, 0)), k.at(losses, b))

    k.loop(k.sub(last, first), row)


def _square(k: Builder, z: Value, t: Value) -> tuple[Value, Value]:
    difference = k.ir.fsub(z, t)
    return k.ir.fmul(difference, difference), k.ir.fadd(difference, difference)


def _absolute(k: Builder, z: Value, t: Value) -> tuple[Value, Value]:
    """Return |z - t|, whose derivative is 0 at 0; NaN for NaN."""
    difference = k.ir.fsub(z, t)
    is_zero = k.ir.fcmp_ordered("==", difference, k.zero)
    sign = k.ir.select(k.greater(difference, k.zero), k.constant(1), k.constant(-1))
    is_nan = k.ir.fcmp_unordered("uno", difference, difference)
    slope = k.ir.select(is_zero, k.zero, k.ir.select(is_nan, difference, sign))
    return k.ir.call(vector_math.unary_intrinsic(k, "fabs"), [difference]), slope


def _binary_cross_entropy(k: Builder, z: Value, t: Value) -> tuple[Value, Value]:
    """Return max(z, 0) - z t + log(1 + exp(-|z|)), and sigmoid(z) - t."""
    one = k.constant(1)
    size = k.ir.select(k.greater(z, k.zero), z, k.ir.fsub(k.zero, z))
    tail = vector_math.exp(k, k.ir.fsub(k.zero, size))  # exp(-|z|), at most 1
    loss = k.ir.fsub(k.relu(z), k.ir.fmul(z, t))
    loss = k.ir.fadd(loss, vector_math.log(k, k.ir.fadd(one, tail)))
    upper = k.ir.fdiv(one, k.ir.fadd(one, tail))
    lower = k.ir.fdiv(tail, k.ir.fadd(one, tail))
    sigmoid = k.ir.select(k.greater(z, k.zero), upper, lower)
    return loss, k.ir.fsub(sigmoid, t)


def _hinge(k: Builder, z: Value, t: Value) -> tuple[Value, Value]:
    """Return max(0, 1 - t z), and -t where that is above 0."""
    margin = k.ir.fsub(k.constant(1), k.ir.fmul(t, z))
    return k.relu(margin), k.where_positive(margin, k.ir.fsub(k.zero, t))


KINDS: Final[dict[str, Formula]] = {
    "square": _square,
    "absolute": _absolute,
    "binary_cross_entropy": _binary_cross_entropy,
    "hinge": _hinge,
}
"""The formulas by name."""
