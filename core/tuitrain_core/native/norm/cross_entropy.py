"""The cross entropy of logits, and its gradient, in one pass."""

from __future__ import annotations

import math
from typing import TypeAlias

from llvmlite import ir

from ..ir import vector_math
from ..ir.builder import INT32, Builder, Value
from ..ir.loops import fill_masked
from ..runtime.library import Kernel, get_kernel

Part: TypeAlias = tuple[int, object, Value]
"""Some of a row's logits: where they begin, which lanes they fill, and they themselves."""

MAX_VECTORS = 8
"""Logits of a row stay in registers: at most so many vectors of them."""


def cross_entropy(classes: int, z_pitch: int, d_pitch: int) -> Kernel:
    """Return D = (softmax(Z) - onehot(labels)) / rows, and the loss of each row.

    Arguments: Z, labels (int32), D, losses, rows, first, last (rows).
    """
    return get_kernel(_cross_entropy, 7, classes, z_pitch, d_pitch)


def mean_loss() -> Kernel:
    """Return the mean of floats, added up one after another in float64.

    Arguments: values, their number, where it goes as a float, where it goes as a double.
    """
    return get_kernel(_mean, 4)


def _cross_entropy(k: Builder, classes: int, z_pitch: int, d_pitch: int) -> None:
    logits, labels, gradient, losses, rows, first, last = k.arguments
    share = k.splat(k.ir.fdiv(ir.Constant(ir.FloatType(), 1.0), k.ir.sitofp(rows, ir.FloatType())))
    kind = ir.VectorType(INT32, k.lanes)

    def row(i: Value, _: object) -> None:
        b = k.add(first, i)
        source, target = k.at(logits, k.mul(b, z_pitch)), k.at(gradient, k.mul(b, d_pitch))
        z = [
            (offset, mask, k.load(source, offset, mask))
            for offset, mask in k.vector_slices(classes)
        ]
        shifted = _less_largest(k, z)
        powers = [fill_masked(k, vector_math.exp(k, value), mask) for _, mask, value in shifted]
        together = powers[0]
        for each in powers[1:]:
            together = k.ir.fadd(together, each)
        norm = k.splat(vector_math.sum_lanes(k, together))
        label = k.ir.load(k.ir.inttoptr(k.at(labels, b), INT32.as_pointer()))
        hit = k.zero
        for (offset, mask, value), power in zip(shifted, powers, strict=True):
            lanes = ir.Constant(kind, [offset + lane for lane in range(k.lanes)])
            is_label = k.ir.icmp_signed("==", lanes, _spread(k, label))
            hit = k.ir.fadd(hit, k.ir.select(is_label, value, k.zero))
            probability = k.ir.fdiv(power, norm)
            slope = k.ir.fsub(probability, k.ir.select(is_label, k.constant(1.0), k.zero))
            k.store(k.ir.fmul(slope, share), target, offset, mask)
        loss = k.ir.fsub(vector_math.log(k, norm), k.splat(vector_math.sum_lanes(k, hit)))
        k.store_scalar(k.ir.extract_element(loss, ir.Constant(INT32, 0)), k.at(losses, b))

    k.loop(k.sub(last, first), row)


def _less_largest(
    k: Builder, z: list[tuple[int, object, Value]]
) -> list[tuple[int, object, Value]]:
    """Subtract the row's largest value, so that no exponential overflows."""
    tops = [
        vector_math.max_lane(k, value if mask is None else fill_masked(k, value, mask, -math.inf))
        for _, mask, value in z
    ]
    top = tops[0]
    for each in tops[1:]:
        top = k.ir.select(k.ir.fcmp_ordered(">", each, top), each, top)
    return [(offset, mask, k.ir.fsub(value, k.splat(top))) for offset, mask, value in z]


def _spread(k: Builder, number: Value) -> Value:
    kind = ir.VectorType(INT32, k.lanes)
    undefined = ir.Constant(kind, ir.Undefined)
    first = k.ir.insert_element(undefined, number, ir.Constant(INT32, 0))
    return k.shuffle(first, undefined, [0] * k.lanes)


def _mean(k: Builder) -> None:
    values, count, single, double = k.arguments
    wide = ir.DoubleType()

    def add(i: Value, carried: list[Value]) -> list[Value]:
        return [k.ir.fadd(carried[0], k.ir.fpext(k.load_scalar(k.at(values, i)), wide))]

    (total,) = k.loop(count, add, [ir.Constant(wide, 0.0)])
    result = k.ir.fdiv(total, k.ir.sitofp(count, wide))
    narrow = k.ir.fptrunc(result, ir.FloatType())
    k.store_scalar(narrow, single)
    k.ir.store(k.ir.fpext(narrow, wide), k.ir.inttoptr(double, wide.as_pointer()))
