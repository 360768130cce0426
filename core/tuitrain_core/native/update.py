"""Update rules: one pass over a parameter that also measures what it did.

The formulas are those of `kernels.update`, operation by operation, and give the same bits; the
measurements are added up in float32 within a chunk. Work is cut into chunks of a fixed size, each
with sums of its own, so that no sum depends on who does which chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from . import functions
from .builder import Builder, Value
from .library import Kernel, kernel

CHUNK = 4096
"""Elements that are measured together; a multiple of every number of lanes."""

Scalars: TypeAlias = Sequence[Value]
Step: TypeAlias = tuple[Value, list[Value]]
"""The parameter and its slots after an update."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An update rule: how many slots and scalars it takes, and its formula for one vector."""

    slots: int
    scalars: int
    formula: Callable[[Builder, Scalars, Value, Value, list[Value]], Step]


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
        for value, place in zip([after, *state], [address[0], *address[2:]], strict=True):
            k.store(value, place, offset, mask)
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


def _rmsprop(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    lr, keep, take, eps, _, decay = s
    slope = _decayed(k, grad, param, decay)
    spread = _average(k, keep, state[0], take, k.ir.fmul(slope, slope))
    step = k.ir.fdiv(slope, k.ir.fadd(functions.sqrt(k, spread), eps))
    return _moved(k, lr, param, k.ir.fmul(lr, step)), [spread]


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


RULES: dict[str, Rule] = {
    "sgd": Rule(0, 2, _sgd),
    "sgd_momentum": Rule(1, 4, _sgd_momentum),
    "adam": Rule(2, 9, _adam),
    "rmsprop": Rule(1, 6, _rmsprop),
    "adagrad": Rule(1, 3, _adagrad),
    "adadelta": Rule(2, 5, _adadelta),
    "lion": Rule(1, 6, _lion),
}
"""Rules with a kernel; for others, and for rmsprop with more than its first slot, there is none."""
