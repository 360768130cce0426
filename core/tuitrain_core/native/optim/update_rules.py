"""The formulas of the update rules, each for one vector of a parameter.

Both tiers use them. `optimizer.reference` has the same formulas in NumPy, operation by operation;
both give the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..ir import vector_math
from ..ir.builder import Builder, Value

LAMB_SCALARS = 9
"""Numbers that LAMB's rule gets for each step."""


@dataclass(frozen=True, slots=True)
class Scalars:
    """A rule's scalars, as vectors.

    Attributes
    ----------
    plain : whether the first scalar, the learning rate, is known not to be 0, and all decays are 0
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
    """An update rule: its numbers of slots and scalars, and its formula for one vector.

    Attributes
    ----------
    decays : indices of the scalars that are decays; as these are mostly 0, a second loop omits them
    """

    slots: int
    scalars: int
    formula: Formula
    decays: tuple[int, ...] = ()


def _decayed(k: Builder, s: Scalars, slope: Value, param: Value, decay: Value) -> Value:
    """Return slope + decay · param; with decay 0 exactly the slope."""
    if s.plain:
        return slope
    is_on = k.ir.fcmp_unordered("!=", decay, k.zero)
    return k.ir.select(is_on, k.ir.fadd(slope, k.ir.fmul(decay, param)), slope)


def _moved(k: Builder, s: Scalars, param: Value, change: Value) -> Value:
    """Return param - change; with lr 0 exactly the parameter, whatever the change."""
    if s.plain:
        return k.ir.fsub(param, change)
    is_on = k.ir.fcmp_unordered("!=", s.values[0], k.zero)
    return k.ir.select(is_on, k.ir.fsub(param, change), param)


def _average(k: Builder, keep: Value, old: Value, take: Value, new: Value) -> Value:
    return k.ir.fadd(k.ir.fmul(keep, old), k.ir.fmul(take, new))


def _sgd(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    lr, decay = s
    slope = _decayed(k, s, grad, param, decay)
    return _moved(k, s, param, k.ir.fmul(lr, slope)), state


def _sgd_momentum(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    lr, momentum, decay, nesterov = s
    slope = _decayed(k, s, grad, param, decay)
    velocity = k.ir.fadd(k.ir.fmul(momentum, state[0]), slope)
    nesterov_step = k.ir.fadd(slope, k.ir.fmul(momentum, velocity))
    step = k.ir.select(k.ir.fcmp_unordered("!=", nesterov, k.zero), nesterov_step, velocity)
    return _moved(k, s, param, k.ir.fmul(lr, step)), [velocity]


def _adam(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    step_size, keep1, keep2, take1, take2, over_root_correction2, eps, coupled, decoupled = s
    slope = _decayed(k, s, grad, param, coupled)
    first = _average(k, keep1, state[0], take1, slope)
    second = _average(k, keep2, state[1], take2, k.ir.fmul(slope, slope))
    root = k.ir.fadd(k.ir.fmul(vector_math.sqrt(k, second), over_root_correction2), eps)
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
        step = k.ir.fdiv(slope, k.ir.fadd(vector_math.sqrt(k, spread), eps))
        if heavy:
            step = k.ir.fadd(k.ir.fmul(momentum, state[-1]), step)
            after.append(step)
        return _moved(k, s, param, k.ir.fmul(lr, step)), after

    return formula


def _adagrad(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    lr, eps, decay = s
    slope = _decayed(k, s, grad, param, decay)
    total = k.ir.fadd(state[0], k.ir.fmul(slope, slope))
    step = k.ir.fdiv(slope, vector_math.sqrt(k, k.ir.fadd(total, eps)))
    return _moved(k, s, param, k.ir.fmul(lr, step)), [total]


def _adadelta(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    lr, keep, take, eps, decay = s
    slope = _decayed(k, s, grad, param, decay)
    square = _average(k, keep, state[0], take, k.ir.fmul(slope, slope))
    above = vector_math.sqrt(k, k.ir.fadd(state[1], eps))
    below = vector_math.sqrt(k, k.ir.fadd(square, eps))
    delta = k.ir.fmul(k.ir.fdiv(above, below), slope)
    deltas = _average(k, keep, state[1], take, k.ir.fmul(delta, delta))
    return _moved(k, s, param, k.ir.fmul(lr, delta)), [square, deltas]


def _lion(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    lr, keep1, take1, keep2, take2, decoupled = s
    mixed = _average(k, keep1, state[0], take1, grad)
    momentum = _average(k, keep2, state[0], take2, grad)
    negative = k.ir.fsub(k.constant(-0.0), lr)
    below = k.ir.select(k.ir.fcmp_ordered("<", mixed, k.zero), negative, mixed)
    change = k.ir.select(k.greater(mixed, k.zero), lr, below)
    change = _decayed(k, s, change, param, decoupled)
    return _moved(k, s, param, change), [momentum]


def _lamb_norms(k: Builder, s: Scalars, param: Value, grad: Value, state: list[Value]) -> Step:
    """Update the moments; the direction of the step is measured as the change."""
    _, keep1, keep2, take1, take2, *_ = s
    first = _average(k, keep1, state[0], take1, grad)
    second = _average(k, keep2, state[1], take2, k.ir.fmul(grad, grad))
    return _lamb_direction(k, s, param, [first, second]), [first, second]


def _lamb(k: Builder, s: Scalars, param: Value, _grad: Value, state: list[Value]) -> Step:
    step_size = s.values[0]
    change = k.ir.fmul(step_size, _lamb_direction(k, s, param, state))
    return _moved(k, s, param, change), state


def _lamb_direction(k: Builder, s: Scalars, param: Value, moments: list[Value]) -> Value:
    over_correction1, over_root_correction2, eps, decay = s.values[5:]
    first, second = moments
    root = k.ir.fadd(k.ir.fmul(vector_math.sqrt(k, second), over_root_correction2), eps)
    ratio = k.ir.fdiv(k.ir.fmul(first, over_correction1), root)
    return k.ir.fadd(ratio, k.ir.fmul(decay, param))


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
"""The rules by name; LAMB takes two passes, with `update.trust_ratio` in between."""
