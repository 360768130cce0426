"""The update of a parameter: one pass that applies a rule and measures the change.

`update_rules` has the formulas for a vector. The measurements are added up in float32 within a
chunk. Every chunk has its own sums, so that no sum depends on how threads share the chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from llvmlite import ir

from ..ir import vector_math
from ..ir.builder import Builder, Int, Mask, Value
from ..runtime.library import Kernel, get_kernel
from .update_rules import LAMB_SCALARS, RULES, Rule, Scalars

VECTORS_AT_ONCE = 2
"""Vectors per round, with separate sums, to hide the latency of an addition."""


def update(name: str) -> Kernel:
    """Return the kernel of an update rule, by its name in `update_rules.RULES`.

    Arguments: parameter, gradient, slots, scalars (float32), sums (three floats per chunk: the
    squares of the change, of the weights after it, of the gradient), number of elements, elements
    per chunk, first, last (chunks).
    """
    rule = RULES[name]
    return get_kernel(_update, 8 + rule.slots, name)


def _update(k: Builder, name: str) -> None:
    rule = RULES[name]
    *arrays, scalars, sums, size, elements, first, last = k.arguments
    numbers = [k.load_scalar(scalars, i) for i in range(rule.scalars)]
    vectors = [k.splat(number) for number in numbers]

    def chunks(plain: bool) -> None:
        def chunk(i: Value, _: object) -> None:
            index = k.add(first, i)
            start = k.mul(index, elements)
            parts = [k.at(array, start) for array in arrays]
            count = k.minimum(k.sub(size, start), elements)
            seen = _chunk(k, name, Scalars(vectors, plain), parts, count)
            for place, value in enumerate(seen):
                k.store_scalar(vector_math.sum_lanes(k, value), k.at(sums, k.mul(index, 3)), place)

        k.loop(k.sub(last, first), chunk)

    emit_plain_and_general(k, rule, numbers, chunks)


def emit_plain_and_general(
    k: Builder, rule: Rule, scalars: Sequence[Value], body: Callable[[bool], None]
) -> None:
    """Emit body(True) for plain scalars and body(False) for others; see `Scalars.plain`.

    A rule without decays has the second only. scalars: the rule's, as float values.
    """
    if not rule.decays:
        body(False)
        return
    zero = ir.Constant(ir.FloatType(), 0.0)
    plain = k.ir.fcmp_unordered("!=", scalars[0], zero)
    for place in rule.decays:
        plain = k.ir.and_(plain, k.ir.fcmp_ordered("==", scalars[place], zero))
    k.if_else(plain, lambda: body(True), lambda: body(False))


def _chunk(k: Builder, name: str, s: Scalars, arrays: Sequence[Value], count: Int) -> list[Value]:
    """Emit the update of some elements; return their part of the sums, as vectors."""
    formula = RULES[name].formula

    def vector(offset: Int, mask: Mask, seen: Sequence[Value]) -> list[Value]:
        before, slope, *state = (k.load(array, offset, mask) for array in arrays)
        after, state = formula(k, s, before, slope, state)
        for value, place in zip(state, arrays[2:], strict=True):
            k.store(flush_subnormal(k, value), place, offset, mask)
        if name == "lamb_norms":
            change, after = after, before
        else:
            k.store(after, arrays[0], offset, mask)
            change = k.ir.fsub(after, before)
        measured = zip((change, after, slope), seen, strict=True)
        return [k.fma(value, value, total) for value, total in measured]

    def block(i: Value, seen: list[Value]) -> list[Value]:
        start = k.mul(i, VECTORS_AT_ONCE * k.lanes)
        return [
            value
            for place in range(VECTORS_AT_ONCE)
            for value in vector(k.add(start, place * k.lanes), None, seen[3 * place :][:3])
        ]

    blocks = k.div(count, VECTORS_AT_ONCE * k.lanes)
    seen = k.loop(blocks, block, [k.zero] * (3 * VECTORS_AT_ONCE))
    done = k.mul(blocks, VECTORS_AT_ONCE * k.lanes)

    def rest(i: Value, seen: list[Value]) -> list[Value]:
        start = k.add(done, k.mul(i, k.lanes))
        mask = vector_math.lane_mask(k, k.minimum(k.sub(count, start), k.lanes))
        return [*vector(start, mask, seen[:3]), *seen[3:]]

    seen = k.loop(k.div(k.add(k.sub(count, done), k.lanes - 1), k.lanes), rest, seen)
    return [_sum(k, seen[place::3]) for place in range(3)]


def flush_subnormal(k: Builder, value: Value) -> Value:
    """Return a slot's value, or 0 instead of a subnormal number.

    While a gradient stays 0, as behind a dead unit, a moment decays. Below 1.2e-38 the processor
    computes about a hundred times as slowly. NaN is returned unchanged.
    """
    size = k.ir.call(vector_math.unary_intrinsic(k, "fabs"), [value])
    faded = k.ir.fcmp_ordered("<", size, k.constant(float(np.finfo(np.float32).smallest_normal)))
    return k.ir.select(faded, k.zero, value)


def _sum(k: Builder, values: Sequence[Value]) -> Value:
    total = values[0]
    for value in values[1:]:
        total = k.ir.fadd(total, value)
    return total


def trust_ratio() -> Kernel:
    """Return the kernel of LAMB's step length: lr · |w| / |direction|.

    Both norms are added up from the first pass, in float64, one chunk after another. The result is
    lr if one of them is 0, and at most the largest float.

    Arguments: sums of the first pass, chunks, its scalars (lr first), scalars of the second pass.
    """
    return get_kernel(_trust, 4, LAMB_SCALARS)


def _trust(k: Builder, count: int) -> None:
    sums, chunks, scalars, result = k.arguments
    wide, zero = ir.DoubleType(), ir.Constant(ir.DoubleType(), 0.0)

    def add(i: Value, seen: list[Value]) -> list[Value]:
        row = k.at(sums, k.mul(i, 3))
        parts = [k.ir.fpext(k.load_scalar(row, place), wide) for place in (0, 1)]
        return [k.ir.fadd(total, part) for total, part in zip(seen, parts, strict=True)]

    direction, weight = k.loop(chunks, add, [zero, zero])
    root = ir.Function(k.module, ir.FunctionType(wide, [wide]), "llvm.sqrt.f64")
    lr = k.ir.fpext(k.load_scalar(scalars), wide)
    ratio = k.ir.fdiv(k.ir.call(root, [weight]), k.ir.call(root, [direction]))
    step = k.ir.fmul(lr, ratio)
    limit = ir.Constant(wide, float(np.finfo(np.float32).max))
    step = k.ir.select(k.ir.fcmp_ordered(">", step, limit), limit, step)
    for number in (lr, weight, direction):
        step = k.ir.select(k.ir.fcmp_ordered("==", number, zero), lr, step)
    k.store_scalar(k.ir.fptrunc(step, ir.FloatType()), result)
    for place in range(1, count):
        k.store_scalar(k.load_scalar(scalars, place), result, place)
