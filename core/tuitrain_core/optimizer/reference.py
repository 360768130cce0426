"""The update rules in NumPy: the reference for the native rules, and their float64 tier.

A formula here has the same operations in the same order as the native formula of its name, in the
dtype of its arrays. For float32 both give the same bits; tests hold the native rules to that.
Native kernels take float32 only, so parameters of float64 are updated by these formulas.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ..ops.base import Array

Sums: TypeAlias = tuple[float, float, float]
"""Sums of squares: of the change as applied, of the weights after it, of the gradient."""

Scalar: TypeAlias = np.floating[Any]
State: TypeAlias = Sequence[Array]
Formula: TypeAlias = Callable[[Array, Array, State, Sequence[Scalar]], tuple[Array, State]]
"""Takes parameter, gradient, slots and scalars; returns the parameter and the slots after it."""

LANES = 256
"""Partial sums of a sum of squares, which threads may share."""

CHUNK = 4 * LANES
"""Elements after which the sums of a measured update are added to the lanes."""

TINY = np.finfo(np.float32).smallest_normal
"""A slot's value nearer to 0 than this becomes 0.

Where a gradient stays 0, as behind a dead unit, a moment halves again and again. Below 1.2e-38
the processor computes about a hundred times as slowly.
"""


def update(rule: str, param: Array, grad: Array, slots: State, scalars: Sequence[float]) -> Sums:
    """Update a parameter and its slots in place, and measure the update.

    Parameters
    ----------
    rule : a key of `FORMULAS`
    param, grad, slots : flat arrays of one floating dtype
    scalars : as the rule's formula takes them; rounded to that dtype once

    Returns
    -------
    The sums of squares of the change, the weights and the gradient. For "lamb_norms", which leaves
    the weights as they are: of the change to the direction, of the direction, of the weights.
    """
    number = param.dtype.type
    with np.errstate(all="ignore"):  # numbers beyond the dtype show in the weights
        numbers = [number(scalar) for scalar in scalars]
        after, state = FORMULAS[rule](param, grad, slots, numbers)
        for slot, values in zip(slots, state, strict=True):
            slot[...] = np.where(np.abs(values) < TINY, number(0), values)
        change = after.astype(np.float64) - param
        if rule == "lamb_norms":
            return square_sum(change), square_sum(after), square_sum(param)
        param[...] = after
        return square_sum(change), square_sum(param), square_sum(grad)


def square_sum(array: Array) -> float:
    """Return the sum of the squares of a flat array, in float64.

    The order of the additions is fixed, so the bits are the same on every machine: chunks of 1024
    elements are cut into four quarters, the quarters' columns are added to 256 lanes, and the lanes
    are halved until one is left. The native kernels add in the same order.
    """
    values = array.astype(np.float64)
    squares = values * values
    lanes = np.zeros(LANES)
    for start in range(0, squares.size, CHUNK):
        chunk = squares[start : start + CHUNK]
        quarter = chunk.size // 4
        a, b, c, d = chunk[: 4 * quarter].reshape(4, quarter)
        lanes[:quarter] += (a + b) + (c + d)
        rest = chunk[4 * quarter :]
        lanes[: rest.size] += rest
    half = LANES // 2
    while half:
        lanes[:half] += lanes[half : 2 * half]
        half //= 2
    return float(lanes[0])


def _decayed(slope: Array, decay: Scalar, param: Array) -> Array:
    """Return slope + decay · param; at decay 0 the slope, also where a weight is infinite."""
    return slope + decay * param if decay != 0 else slope


def _moved(param: Array, lr: Scalar, change: Array) -> Array:
    """Return param - change; at lr 0 the parameter's own bits, whatever the change is."""
    return param - change if lr != 0 else param


def _sgd(p: Array, g: Array, state: State, scalars: Sequence[Scalar]) -> tuple[Array, State]:
    lr, decay = scalars
    return _moved(p, lr, lr * _decayed(g, decay, p)), state


def _sgd_momentum(
    p: Array, g: Array, state: State, scalars: Sequence[Scalar]
) -> tuple[Array, State]:
    lr, momentum, decay, nesterov = scalars
    slope = _decayed(g, decay, p)
    velocity = momentum * state[0] + slope
    step = slope + momentum * velocity if nesterov != 0 else velocity
    return _moved(p, lr, lr * step), [velocity]


def _adam(p: Array, g: Array, state: State, scalars: Sequence[Scalar]) -> tuple[Array, State]:
    step_size, keep1, keep2, take1, take2, over_root_correction2, eps, coupled, decoupled = scalars
    slope = _decayed(g, coupled, p)
    first = keep1 * state[0] + take1 * slope
    second = keep2 * state[1] + take2 * (slope * slope)
    change = step_size * (first / (np.sqrt(second) * over_root_correction2 + eps))
    return _moved(p, step_size, _decayed(change, decoupled, p)), [first, second]


def _rmsprop(centered: bool, heavy: bool) -> Formula:
    def formula(p: Array, g: Array, state: State, scalars: Sequence[Scalar]) -> tuple[Array, State]:
        lr, keep, take, eps, momentum, decay = scalars
        slope = _decayed(g, decay, p)
        spread = keep * state[0] + take * (slope * slope)
        after = [spread]
        if centered:
            mean = keep * state[1] + take * slope
            spread = spread - mean * mean
            spread = np.where(spread < 0, spread - spread, spread)  # by rounding; NaN stays
            after.append(mean)
        step = slope / (np.sqrt(spread) + eps)
        if heavy:
            step = momentum * state[-1] + step
            after.append(step)
        return _moved(p, lr, lr * step), after

    return formula


def _adagrad(p: Array, g: Array, state: State, scalars: Sequence[Scalar]) -> tuple[Array, State]:
    lr, eps, decay = scalars
    slope = _decayed(g, decay, p)
    total = state[0] + slope * slope
    return _moved(p, lr, lr * (slope / np.sqrt(total + eps))), [total]


def _adadelta(p: Array, g: Array, state: State, scalars: Sequence[Scalar]) -> tuple[Array, State]:
    lr, keep, take, eps, decay = scalars
    slope = _decayed(g, decay, p)
    square = keep * state[0] + take * (slope * slope)
    delta = np.sqrt(state[1] + eps) / np.sqrt(square + eps) * slope
    return _moved(p, lr, lr * delta), [square, keep * state[1] + take * (delta * delta)]


def _lion(p: Array, g: Array, state: State, scalars: Sequence[Scalar]) -> tuple[Array, State]:
    lr, keep1, take1, keep2, take2, decoupled = scalars
    mixed = keep1 * state[0] + take1 * g
    # a value that is neither above nor below 0 is 0 or NaN, and stays
    change = np.where(mixed > 0, lr, np.where(mixed < 0, -lr, mixed))
    change = _decayed(change, decoupled, p)
    return _moved(p, lr, change), [keep2 * state[0] + take2 * g]


def _lamb_norms(p: Array, g: Array, state: State, scalars: Sequence[Scalar]) -> tuple[Array, State]:
    """Return the direction of LAMB's step in place of the parameter, and the moments."""
    _, keep1, keep2, take1, take2, *_ = scalars
    first = keep1 * state[0] + take1 * g
    second = keep2 * state[1] + take2 * (g * g)
    return _lamb_direction(p, first, second, scalars), [first, second]


def _lamb(p: Array, g: Array, state: State, scalars: Sequence[Scalar]) -> tuple[Array, State]:  # noqa: ARG001
    """Take LAMB's step; the first scalar is lr times the trust ratio."""
    step_size, (first, second) = scalars[0], state
    direction = _lamb_direction(p, first, second, scalars)
    return _moved(p, step_size, step_size * direction), state


def _lamb_direction(p: Array, first: Array, second: Array, scalars: Sequence[Scalar]) -> Array:
    over_correction1, over_root_correction2, eps, decay = scalars[5:]
    root = np.sqrt(second) * over_root_correction2 + eps
    return first * over_correction1 / root + decay * p


FORMULAS: dict[str, Formula] = {
    "sgd": _sgd,
    "sgd_momentum": _sgd_momentum,
    "adam": _adam,
    "rmsprop": _rmsprop(False, False),
    "rmsprop_centered": _rmsprop(True, False),
    "rmsprop_momentum": _rmsprop(False, True),
    "rmsprop_centered_momentum": _rmsprop(True, True),
    "adagrad": _adagrad,
    "adadelta": _adadelta,
    "lion": _lion,
    "lamb_norms": _lamb_norms,
    "lamb": _lamb,
}
"""The formulas by rule; LAMB takes two passes, because its step needs norms of the whole."""
