"""Update rules: one pass over a parameter that also measures what it did.

The formulas are those of `kernels.update`, operation by operation, and give the same bits; the
measurements are added up in float32 within a chunk. Work is cut into chunks of a fixed size, each
with sums of its own, so that no sum depends on who does which chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from llvmlite import ir

from . import functions
from .builder import Builder, Value
from .library import Kernel, kernel

CHUNK = 4096
"""Elements that are measured together; a multiple of every number of lanes."""

Scalars: TypeAlias = Sequence[Value]
Step: TypeAlias = tuple[Value, list[Value]]
"""The parameter and its slots after an update."""


Formula: TypeAlias = Callable[[Builder, Scalars, Value, Value, list[Value]], Step]


@dataclass(frozen=True, slots=True)
class Rule:
    """An update rule: how many slots and scalars it takes, and its formula for one vector."""

    slots: int
    scalars: int
    formula: Formula


def update(name: str) -> Kernel:
    """Return an update rule, by the name of its function in `kernels.update`.

    Arguments: parameter, gradient, slots, scalars (float32), sums (three floats for each chunk:
    squares of the change, of the weights after it, of the gradient), number of elements, first,
    last (chunks).
    """
    rule = RULES[name]
    return kernel(_update, 7 + rule.slots, name)


def _update(k: Builder, name: str) -> None:
    rule = RULES[name]
    param, grad, *slots, scalars, sums, size, first, last = k.arguments
    given = [k.splat(k.load_scalar(scalars, i)) for i in range(rule.scalars)]
    arrays = [param, grad, *slots]

    def vector(address: list[Value], offset: Value, mask: object, seen: list[Value]) -> list[Value]:
        before, slope, *state = (k.load(each, offset, mask) for each in address)
        after, state = rule.formula(k, given, before, slope, state)
        for value, place in zip(state, address[2:], strict=True):
            k.store(value, place, offset, mask)
        if name == "lamb_norms":
            change, after = after, before
        else:
            k.store(after, address[0], offset, mask)
            change = k.ir.fsub(after, before)
        measured = zip((change, after, slope), seen, strict=True)
        return [k.ir.fadd(total, k.ir.fmul(value, value)) for value, total in measured]

    def chunk(i: Value, _: object) -> None:
        index = k.add(first, i)
        start = k.mul(index, CHUNK)
        here = [k.at(each, start) for each in arrays]
        count = k.minimum(k.sub(size, start), CHUNK)
        whole = k.div(count, k.lanes)
        seen = k.loop(whole, lambda j, c: vector(here, k.mul(j, k.lanes), None, c), [k.zero] * 3)
        done = k.mul(whole, k.lanes)
        rest = functions.first_lanes(k, k.sub(count, done))
        seen = k.loop(
            k.minimum(k.sub(count, done), 1), lambda _, c: vector(here, done, rest, c), seen
        )
        target = k.at(sums, k.mul(index, 3))
        for place, value in enumerate(seen):
            k.store_scalar(functions.total(k, value), target, place)

    k.loop(k.sub(last, first), chunk)


def _decayed(k: Builder, slope: Value, param: Value, decay: Value) -> Value:
    """Return slope + decay · param, and the slope itself, untouched by the product, at decay 0."""
    on = k.ir.fcmp_unordered("!=", decay, k.zero)
    return k.ir.select(on, k.ir.fadd(slope, k.ir.fmul(decay, param)), slope)


def _moved(k: Builder, lr: Value, param: Value, change: Value) -> Value:
    """Return param - change; at lr 0 the parameter as it is, bit for bit, whatever the change."""
    on = k.ir.fcmp_unordered("!=", lr, k.zero)
    return k.ir.select(on, k.ir.fsub(param, change), param)


def _average(k: Builder, keep: Value, old: Value, take: Value, new: Value) -> Value:
    return k.ir.fadd(k.ir.fmul(keep, old), k.ir.fmul(take, new))


def _sgd(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    lr, decay = s
    slope = _decayed(k, grad, param, decay)
    return _moved(k, lr, param, k.ir.fmul(lr, slope)), state


def _sgd_momentum(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    lr, momentum, decay, nesterov = s
    slope = _decayed(k, grad, param, decay)
    speed = k.ir.fadd(k.ir.fmul(momentum, state[0]), slope)
    ahead = k.ir.fadd(slope, k.ir.fmul(momentum, speed))
    step = k.ir.select(k.ir.fcmp_unordered("!=", nesterov, k.zero), ahead, speed)
    return _moved(k, lr, param, k.ir.fmul(lr, step)), [speed]


def _adam(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    step_size, keep1, keep2, take1, take2, root_correction2, eps, coupled, decoupled = s
    slope = _decayed(k, grad, param, coupled)
    first = _average(k, keep1, state[0], take1, slope)
    second = _average(k, keep2, state[1], take2, k.ir.fmul(slope, slope))
    root = k.ir.fadd(k.ir.fdiv(functions.sqrt(k, second), root_correction2), eps)
    change = k.ir.fmul(step_size, k.ir.fdiv(first, root))
    change = _decayed(k, change, param, decoupled)
    return _moved(k, step_size, param, change), [first, second]


def _rmsprop(centered: bool, heavy: bool) -> Formula:
    def formula(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
        lr, keep, take, eps, momentum, decay = s
        slope = _decayed(k, grad, param, decay)
        spread = _average(k, keep, state[0], take, k.ir.fmul(slope, slope))
        after = [spread]
        if centered:
            mean = _average(k, keep, state[1], take, slope)
            spread = k.ir.fsub(spread, k.ir.fmul(mean, mean))
            below = k.ir.fcmp_ordered("<", spread, k.zero)  # by rounding; NaN passes
            spread = k.ir.select(below, k.ir.fsub(spread, spread), spread)
            after.append(mean)
        step = k.ir.fdiv(slope, k.ir.fadd(functions.sqrt(k, spread), eps))
        if heavy:
            step = k.ir.fadd(k.ir.fmul(momentum, state[-1]), step)
            after.append(step)
        return _moved(k, lr, param, k.ir.fmul(lr, step)), after

    return formula


def _adagrad(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    lr, eps, decay = s
    slope = _decayed(k, grad, param, decay)
    seen = k.ir.fadd(state[0], k.ir.fmul(slope, slope))
    step = k.ir.fdiv(slope, functions.sqrt(k, k.ir.fadd(seen, eps)))
    return _moved(k, lr, param, k.ir.fmul(lr, step)), [seen]


def _adadelta(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    lr, keep, take, eps, decay = s
    slope = _decayed(k, grad, param, decay)
    square = _average(k, keep, state[0], take, k.ir.fmul(slope, slope))
    above = functions.sqrt(k, k.ir.fadd(state[1], eps))
    below = functions.sqrt(k, k.ir.fadd(square, eps))
    delta = k.ir.fmul(k.ir.fdiv(above, below), slope)
    grown = _average(k, keep, state[1], take, k.ir.fmul(delta, delta))
    return _moved(k, lr, param, k.ir.fmul(lr, delta)), [square, grown]


def _lion(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    lr, keep1, take1, keep2, take2, decoupled = s
    mixed = _average(k, keep1, state[0], take1, grad)
    kept = _average(k, keep2, state[0], take2, grad)
    negative = k.ir.fsub(k.constant(-0.0), lr)
    below = k.ir.select(k.ir.fcmp_ordered("<", mixed, k.zero), negative, mixed)
    change = k.ir.select(k.greater(mixed, k.zero), lr, below)
    change = _decayed(k, change, param, decoupled)
    return _moved(k, lr, param, change), [kept]


def _lamb_norms(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    """Move the moments; what is measured as the change is the direction of the step."""
    _, keep1, keep2, take1, take2, *_ = s
    first = _average(k, keep1, state[0], take1, grad)
    second = _average(k, keep2, state[1], take2, k.ir.fmul(grad, grad))
    return _pace(k, s, param, [first, second]), [first, second]


def _lamb(k: Builder, s: Scalars, param: Value, _grad: Value, state: list[Value]) -> Step:
    step_size = s[0]
    change = k.ir.fmul(step_size, _pace(k, s, param, state))
    return _moved(k, step_size, param, change), state


def _pace(k: Builder, s: Scalars, param: Value, moments: list[Value]) -> Value:
    correction1, root_correction2, eps, decay = s[5:]
    first, second = moments
    root = k.ir.fadd(k.ir.fdiv(functions.sqrt(k, second), root_correction2), eps)
    pace = k.ir.fdiv(k.ir.fdiv(first, correction1), root)
    return k.ir.fadd(pace, k.ir.fmul(decay, param))


def trust() -> Kernel:
    """Return LAMB's way from lr to the length of a step: times |w| / |direction|.

    Both norms are added up from a first pass, in float64, one chunk after another. Where one of
    them is 0 it is lr itself, and at most the largest number.

    Arguments: sums of the first pass, chunks, its scalars (lr first), those of the second pass.
    """
    return kernel(_trust, 4, LAMB_SCALARS)


def _trust(k: Builder, count: int) -> None:
    sums, chunks, given, result = k.arguments
    wide, zero = ir.DoubleType(), ir.Constant(ir.DoubleType(), 0.0)

    def add(i: Value, seen: list[Value]) -> list[Value]:
        row = k.at(sums, k.mul(i, 3))
        parts = [k.ir.fpext(k.load_scalar(row, place), wide) for place in (0, 1)]
        return [k.ir.fadd(total, part) for total, part in zip(seen, parts, strict=True)]

    direction, weight = k.loop(chunks, add, [zero, zero])
    root = ir.Function(k.module, ir.FunctionType(wide, [wide]), "llvm.sqrt.f64")
    lr = k.ir.fpext(k.load_scalar(given), wide)
    ratio = k.ir.fdiv(k.ir.call(root, [weight]), k.ir.call(root, [direction]))
    step = k.ir.fmul(lr, ratio)
    most = ir.Constant(wide, float(np.finfo(np.float32).max))
    step = k.ir.select(k.ir.fcmp_ordered(">", step, most), most, step)
    for number in (lr, weight, direction):
        step = k.ir.select(k.ir.fcmp_ordered("==", number, zero), lr, step)
    k.store_scalar(k.ir.fptrunc(step, ir.FloatType()), result)
    for place in range(1, count):
        k.store_scalar(k.load_scalar(given, place), result, place)


LAMB_SCALARS = 9

RULES: dict[str, Rule] = {
    "sgd": Rule(0, 2, _sgd),
    "sgd_momentum": Rule(1, 4, _sgd_momentum),
    "adam": Rule(2, 9, _adam),
    "rmsprop": Rule(1, 6, _rmsprop(False, False)),
    "rmsprop_centered": Rule(2, 6, _rmsprop(True, False)),
    "rmsprop_momentum": Rule(2, 6, _rmsprop(False, True)),
    "rmsprop_centered_momentum": Rule(3, 6, _rmsprop(True, True)),
    "adagrad": Rule(1, 3, _adagrad),
    "adadelta": Rule(2, 5, _adadelta),
    "lion": Rule(1, 6, _lion),
    "lamb_norms": Rule(2, LAMB_SCALARS, _lamb_norms),
    "lamb": Rule(2, LAMB_SCALARS, _lamb),
}
"""The rules by name; LAMB takes two passes, with `trust` in between."""
