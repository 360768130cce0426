"""Update rules: one pass over a parameter that also measures what it did.

The formulas are those of `kernels.update`, operation by operation, and give the same bits; the
measurements are added up in float32 within a chunk. Work is cut into chunks, each with sums of its
own, so that no sum depends on who does which chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from llvmlite import ir

from . import functions
from .builder import Builder, Int, Mask, Value
from .library import Kernel, kernel

TOGETHER = 2
"""Vectors taken at once, each with sums of its own: one chain of additions would be waited for."""


@dataclass(frozen=True, slots=True)
class Scalars:
    """A rule's scalars, as vectors.

    Attributes
    ----------
    plain: the first of them, the learning rate, is known not to be 0, and every decay to be 0.
    """

    values: Sequence[Value]
    plain: bool

    def __iter__(self) -> Iterator[Value]:
        return iter(self.values)


Step: TypeAlias = tuple[Value, list[Value]]
"""The parameter and its slots after an update."""


Formula: TypeAlias = Callable[[Builder, Scalars, Value, Value, list[Value]], Step]


@dataclass(frozen=True, slots=True)
class Rule:
    """An update rule: how many slots and scalars it takes, and its formula for one vector.

    Attributes
    ----------
    decays: which of the scalars are decays, nearly always 0; a loop without them is there too.
    """

    slots: int
    scalars: int
    formula: Formula
    decays: tuple[int, ...] = ()


def update(name: str) -> Kernel:
    """Return an update rule, by the name of its function in `kernels.update`.

    Arguments: parameter, gradient, slots, scalars (float32), sums (three floats for each chunk:
    squares of the change, of the weights after it, of the gradient), number of elements, elements
    of a chunk, first, last (chunks).
    """
    rule = RULES[name]
    return kernel(_update, 8 + rule.slots, name)


def _update(k: Builder, name: str) -> None:
    rule = RULES[name]
    *arrays, scalars, sums, size, elements, first, last = k.arguments
    numbers = [k.load_scalar(scalars, i) for i in range(rule.scalars)]
    given = [k.splat(number) for number in numbers]

    def chunks(plain: bool) -> None:
        def chunk(i: Value, _: object) -> None:
            index = k.add(first, i)
            start = k.mul(index, elements)
            here = [k.at(each, start) for each in arrays]
            count = k.minimum(k.sub(size, start), elements)
            seen = _chunk(k, name, Scalars(given, plain), here, count)
            for place, value in enumerate(seen):
                k.store_scalar(functions.total(k, value), k.at(sums, k.mul(index, 3)), place)

        k.loop(k.sub(last, first), chunk)

    if not rule.decays:
        chunks(False)
        return
    zero = ir.Constant(ir.FloatType(), 0.0)
    plain = k.ir.fcmp_unordered("!=", numbers[0], zero)
    for place in rule.decays:
        plain = k.ir.and_(plain, k.ir.fcmp_ordered("==", numbers[place], zero))
    k.either(plain, lambda: chunks(True), lambda: chunks(False))


def _chunk(k: Builder, name: str, s: Scalars, arrays: Sequence[Value], count: Int) -> list[Value]:
    """Update some elements and return what they add to the sums, as vectors."""
    formula = RULES[name].formula

    def vector(offset: Int, mask: Mask, seen: Sequence[Value]) -> list[Value]:
        before, slope, *state = (k.load(each, offset, mask) for each in arrays)
        after, state = formula(k, s, before, slope, state)
        for value, place in zip(state, arrays[2:], strict=True):
            k.store(_kept(k, value), place, offset, mask)
        if name == "lamb_norms":
            change, after = after, before
        else:
            k.store(after, arrays[0], offset, mask)
            change = k.ir.fsub(after, before)
        measured = zip((change, after, slope), seen, strict=True)
        return [k.fma(value, value, total) for value, total in measured]

    def block(i: Value, seen: list[Value]) -> list[Value]:
        start = k.mul(i, TOGETHER * k.lanes)
        return [
            value
            for place in range(TOGETHER)
            for value in vector(k.add(start, place * k.lanes), None, seen[3 * place :][:3])
        ]

    blocks = k.div(count, TOGETHER * k.lanes)
    seen = k.loop(blocks, block, [k.zero] * (3 * TOGETHER))
    done = k.mul(blocks, TOGETHER * k.lanes)

    def rest(i: Value, seen: list[Value]) -> list[Value]:
        start = k.add(done, k.mul(i, k.lanes))
        mask = functions.first_lanes(k, k.minimum(k.sub(count, start), k.lanes))
        return [*vector(start, mask, seen[:3]), *seen[3:]]

    seen = k.loop(k.div(k.add(k.sub(count, done), k.lanes - 1), k.lanes), rest, seen)
    return [_sum(k, seen[place::3]) for place in range(3)]


def _kept(k: Builder, value: Value) -> Value:
    """Return what is kept of a slot: 0 for what has faded away, as in `kernels.update`."""
    size = k.ir.call(functions.unary(k, "fabs"), [value])
    faded = k.ir.fcmp_ordered("<", size, k.constant(float(np.finfo(np.float32).smallest_normal)))
    return k.ir.select(faded, k.zero, value)


def _sum(k: Builder, values: Sequence[Value]) -> Value:
    total = values[0]
    for value in values[1:]:
        total = k.ir.fadd(total, value)
    return total


def _decayed(k: Builder, s: Scalars, slope: Value, param: Value, decay: Value) -> Value:
    """Return slope + decay · param, and the slope itself, untouched by the product, at decay 0."""
    if s.plain:
        return slope
    on = k.ir.fcmp_unordered("!=", decay, k.zero)
    return k.ir.select(on, k.ir.fadd(slope, k.ir.fmul(decay, param)), slope)


def _moved(k: Builder, s: Scalars, param: Value, change: Value) -> Value:
    """Return param - change; at lr 0 the parameter as it is, bit for bit, whatever the change."""
    if s.plain:
        return k.ir.fsub(param, change)
    on = k.ir.fcmp_unordered("!=", s.values[0], k.zero)
    return k.ir.select(on, k.ir.fsub(param, change), param)


def _average(k: Builder, keep: Value, old: Value, take: Value, new: Value) -> Value:
    return k.ir.fadd(k.ir.fmul(keep, old), k.ir.fmul(take, new))


def _sgd(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    lr, decay = s
    slope = _decayed(k, s, grad, param, decay)
    return _moved(k, s, param, k.ir.fmul(lr, slope)), state


def _sgd_momentum(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    lr, momentum, decay, nesterov = s
    slope = _decayed(k, s, grad, param, decay)
    speed = k.ir.fadd(k.ir.fmul(momentum, state[0]), slope)
    ahead = k.ir.fadd(slope, k.ir.fmul(momentum, speed))
    step = k.ir.select(k.ir.fcmp_unordered("!=", nesterov, k.zero), ahead, speed)
    return _moved(k, s, param, k.ir.fmul(lr, step)), [speed]


def _adam(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    step_size, keep1, keep2, take1, take2, over_root_correction2, eps, coupled, decoupled = s
    slope = _decayed(k, s, grad, param, coupled)
    first = _average(k, keep1, state[0], take1, slope)
    second = _average(k, keep2, state[1], take2, k.ir.fmul(slope, slope))
    root = k.ir.fadd(k.ir.fmul(functions.sqrt(k, second), over_root_correction2), eps)
    change = k.ir.fmul(step_size, k.ir.fdiv(first, root))
    change = _decayed(k, s, change, param, decoupled)
    return _moved(k, s, param, change), [first, second]


def _rmsprop(centered: bool, heavy: bool) -> Formula:
    def formula(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
        lr, keep, take, eps, momentum, decay = s
        slope = _decayed(k, s, grad, param, decay)
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
        return _moved(k, s, param, k.ir.fmul(lr, step)), after

    return formula


def _adagrad(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    lr, eps, decay = s
    slope = _decayed(k, s, grad, param, decay)
    seen = k.ir.fadd(state[0], k.ir.fmul(slope, slope))
    step = k.ir.fdiv(slope, functions.sqrt(k, k.ir.fadd(seen, eps)))
    return _moved(k, s, param, k.ir.fmul(lr, step)), [seen]


def _adadelta(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    lr, keep, take, eps, decay = s
    slope = _decayed(k, s, grad, param, decay)
    square = _average(k, keep, state[0], take, k.ir.fmul(slope, slope))
    above = functions.sqrt(k, k.ir.fadd(state[1], eps))
    below = functions.sqrt(k, k.ir.fadd(square, eps))
    delta = k.ir.fmul(k.ir.fdiv(above, below), slope)
    grown = _average(k, keep, state[1], take, k.ir.fmul(delta, delta))
    return _moved(k, s, param, k.ir.fmul(lr, delta)), [square, grown]


def _lion(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    lr, keep1, take1, keep2, take2, decoupled = s
    mixed = _average(k, keep1, state[0], take1, grad)
    kept = _average(k, keep2, state[0], take2, grad)
    negative = k.ir.fsub(k.constant(-0.0), lr)
    below = k.ir.select(k.ir.fcmp_ordered("<", mixed, k.zero), negative, mixed)
    change = k.ir.select(k.greater(mixed, k.zero), lr, below)
    change = _decayed(k, s, change, param, decoupled)
    return _moved(k, s, param, change), [kept]


def _lamb_norms(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    """Move the moments; what is measured as the change is the direction of the step."""
    _, keep1, keep2, take1, take2, *_ = s
    first = _average(k, keep1, state[0], take1, grad)
    second = _average(k, keep2, state[1], take2, k.ir.fmul(grad, grad))
    return _pace(k, s, param, [first, second]), [first, second]


def _lamb(k: Builder, s: Scalars, param: Value, _grad: Value, state: list[Value]) -> Step:
    step_size = s.values[0]
    change = k.ir.fmul(step_size, _pace(k, s, param, state))
    return _moved(k, s, param, change), state


def _pace(k: Builder, s: Scalars, param: Value, moments: list[Value]) -> Value:
    over_correction1, over_root_correction2, eps, decay = s.values[5:]
    first, second = moments
    root = k.ir.fadd(k.ir.fmul(functions.sqrt(k, second), over_root_correction2), eps)
    pace = k.ir.fdiv(k.ir.fmul(first, over_correction1), root)
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
    "sgd": Rule(0, 2, _sgd, (1,)),
    "sgd_momentum": Rule(1, 4, _sgd_momentum, (2,)),
    "adam": Rule(2, 9, _adam, (7, 8)),
    "rmsprop": Rule(1, 6, _rmsprop(False, False), (5,)),
    "rmsprop_centered": Rule(2, 6, _rmsprop(True, False), (5,)),
    "rmsprop_momentum": Rule(2, 6, _rmsprop(False, True), (5,)),
    "rmsprop_centered_momentum": Rule(3, 6, _rmsprop(True, True), (5,)),
    "adagrad": Rule(1, 3, _adagrad, (2,)),
    "adadelta": Rule(2, 5, _adadelta, (4,)),
    "lion": Rule(1, 6, _lion, (5,)),
    "lamb_norms": Rule(2, LAMB_SCALARS, _lamb_norms),
    "lamb": Rule(2, LAMB_SCALARS, _lamb),
}
"""The rules by name; LAMB takes two passes, with `trust` in between."""
