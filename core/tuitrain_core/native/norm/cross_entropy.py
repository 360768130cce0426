"""The cross entropy of logits and its gradient, in one pass over the rows."""

from __future__ import annotations

import math
from typing import TypeAlias

from llvmlite import ir

from ..ir import vector_math
from ..ir.builder import DOUBLE, FLOAT, INT32, Builder, Value
from ..ir.loops import fill_masked
from ..ir.vector_math import splat_int32
from ..runtime.library import Kernel, get_kernel

Part: TypeAlias = tuple[int, object, Value]
"""A vector of a row's logits: its offset, the mask of its lanes, its value."""

MAX_VECTORS = 8
"""Maximum vectors of a row: its logits stay in registers."""


def cross_entropy(classes: int, z_stride: int, d_stride: int) -> Kernel:
    """Return the kernel of D = (softmax(Z) - onehot(labels)) / rows, and of every row's loss.

    Arguments: Z, labels (int32), D, losses, rows, first, last (rows).
    """
    return get_kernel(_cross_entropy, 7, classes, z_stride, d_stride)


def mean_loss() -> Kernel:
    """Return the kernel of the mean of floats, added up one after another in float64.

    Arguments: values, their number, result as a float, result as a double.
    """
    return get_kernel(_mean_loss, 4)


def _cross_entropy(k: Builder, classes: int, z_stride: int, d_stride: int) -> None:
    logits, labels, gradient, losses, rows, first, last = k.arguments
    share = k.splat(k.ir.fdiv(ir.Constant(FLOAT, 1.0), k.ir.sitofp(rows, FLOAT)))
    kind = ir.VectorType(INT32, k.lanes)

    def row(i: Value, _: object) -> None:
        b = k.add(first, i)
        source, target = k.at(logits, k.mul(b, z_stride)), k.at(gradient, k.mul(b, d_stride))
        z = [
            (offset, mask, k.load(source, offset, mask))
            for offset, mask in k.vector_slices(classes)
        ]
        shifted = _subtract_maximum(k, z)
        powers = [fill_masked(k, vector_math.exp(k, value), mask) for _, mask, value in shifted]
        total = powers[0]
        for power in powers[1:]:
            total = k.ir.fadd(total, power)
        norm = k.splat(vector_math.sum_lanes(k, total))
        label = k.load_element(INT32, labels, b)
        hit = k.zero
        for (offset, mask, value), power in zip(shifted, powers, strict=True):
            lanes = ir.Constant(kind, [offset + lane for lane in range(k.lanes)])
            is_label = k.ir.icmp_signed("==", lanes, splat_int32(k, label))
            hit = k.ir.fadd(hit, k.ir.select(is_label, value, k.zero))
            probability = k.ir.fdiv(power, norm)
            slope = k.ir.fsub(probability, k.ir.select(is_label, k.constant(1.0), k.zero))
            k.store(k.ir.fmul(slope, share), target, offset, mask)
        loss = k.ir.fsub(vector_math.log(k, norm), k.splat(vector_math.sum_lanes(k, hit)))
        k.store_scalar(k.ir.extract_element(loss, ir.Constant(INT32, 0)), k.at(losses, b))

    k.loop(k.sub(last, first), row)


def _subtract_maximum(k: Builder, z: list[Part]) -> list[Part]:
    """Subtract the row's largest value, so that no exponential overflows."""
    tops = [
        vector_math.max_lane(k, value if mask is None else fill_masked(k, value, mask, -math.inf))
        for _, mask, value in z
    ]
    top = tops[0]
    for value in tops[1:]:
        top = k.ir.select(k.ir.fcmp_ordered(">", value, top), value, top)
    return [(offset, mask, k.ir.fsub(value, k.splat(top))) for offset, mask, value in z]


def _mean_loss(k: Builder) -> None:
    values, count, single, double = k.arguments

    def add(i: Value, carried: list[Value]) -> list[Value]:
        return [k.ir.fadd(carried[0], k.ir.fpext(k.load_scalar(k.at(values, i)), DOUBLE))]

    (total,) = k.loop(count, add, [ir.Constant(DOUBLE, 0.0)])
    result = k.ir.fdiv(total, k.ir.sitofp(count, DOUBLE))
    narrow = k.ir.fptrunc(result, FLOAT)
    k.store_scalar(narrow, single)
    k.store_element(k.ir.fpext(narrow, DOUBLE), double)
