"""Conversions between an optimizer's state and the quantities that rules share.

A function ``mean_from_Y`` or ``mean_square_from_Y`` reads a quantity from a state, and returns None
if the state has none. A function ``Y_from_mean`` or ``Y_from_mean_square`` makes a state, and
returns None if the rule has no use for the quantity. See `state_transfer` for the quantities.

The state that is read is not changed, and a new state shares no array with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from ..ops.base import Array
from . import adadelta, adam, lion, rmsprop, sgd
from .state import ParameterState

Hyper: TypeAlias = Mapping[str, Any]


def rescaled_velocity(old: Hyper, new: Hyper, state: ParameterState) -> Array:
    """Return a copy of a velocity, scaled to the same mean gradient if the momentum changes."""
    velocity = state.slots[sgd.BUFFER]
    if old["momentum"] == new["momentum"]:
        return velocity.copy()
    return _times(velocity, (1.0 - old["momentum"]) / (1.0 - new["momentum"]))


def mean_from_velocity(old: Hyper, state: ParameterState) -> Array | None:
    """Return the mean gradient in SGD's velocity."""
    velocity = state.slots.get(sgd.BUFFER)
    return None if velocity is None else _times(velocity, 1.0 - old["momentum"])


def mean_from_momentum(old: Hyper, state: ParameterState) -> Array | None:  # noqa: ARG001
    """Return Lion's momentum, which is a mean gradient."""
    return state.slots.get(lion.MOMENTUM)


def mean_from_moments(old: Hyper, state: ParameterState) -> Array | None:
    """Return Adam's first moment, corrected for its bias."""
    return _corrected(state, adam.FIRST, old["betas"][0])


def velocity_from_mean(new: Hyper, step: int, mean: Array) -> ParameterState | None:
    """Return SGD's state after many steps with this gradient."""
    if not new["momentum"]:
        return None
    return ParameterState(step, {sgd.BUFFER: _times(mean, 1.0 / (1.0 - new["momentum"]))})


def momentum_from_mean(new: Hyper, step: int, mean: Array) -> ParameterState:  # noqa: ARG001
    """Return Lion's state."""
    return ParameterState(step, {lion.MOMENTUM: mean.copy()})


def moments_from_mean(new: Hyper, step: int, mean: Array) -> ParameterState:  # noqa: ARG001
    """Return Adam's state after one step with this gradient."""
    beta1, beta2 = new["betas"]
    moments = {adam.FIRST: _times(mean, 1.0 - beta1), adam.SECOND: _times(mean, 1.0 - beta2, mean)}
    return ParameterState(1, moments)


def mean_square_from_average(old: Hyper, state: ParameterState) -> Array | None:  # noqa: ARG001
    """Return RMSprop's or Adadelta's mean square, which they do not correct."""
    return state.slots.get(rmsprop.SQUARE)


def mean_square_from_moments(old: Hyper, state: ParameterState) -> Array | None:
    """Return Adam's second moment, corrected for its bias."""
    return _corrected(state, adam.SECOND, old["betas"][1])


def rmsprop_from_mean_square(new: Hyper, step: int, square: Array) -> ParameterState:  # noqa: ARG001
    """Return RMSprop's state."""
    return ParameterState(step, {rmsprop.SQUARE: square.copy()})


def adadelta_from_mean_square(new: Hyper, step: int, square: Array) -> ParameterState:  # noqa: ARG001
    """Return Adadelta's state, with an average of the steps of 0."""
    slots = {adadelta.SQUARE: square.copy(), adadelta.DELTA: np.zeros_like(square)}
    return ParameterState(step, slots)


def moments_from_mean_square(new: Hyper, step: int, square: Array) -> ParameterState | None:
    """Return Adam's state, with the bias that Adam will correct and a first moment of 0."""
    if step == 0:
        return None
    second = _times(square, 1.0 - new["betas"][1] ** step)
    return ParameterState(step, {adam.FIRST: np.zeros_like(second), adam.SECOND: second})


def _corrected(state: ParameterState, name: str, beta: float) -> Array | None:
    """Return one of Adam's moments, corrected for its bias."""
    moment = state.slots.get(name)
    if moment is None or state.step == 0:
        return None
    return _times(moment, 1.0 / (1.0 - beta**state.step))


def _times(array: Array, factor: float, other: Array | None = None) -> Array:
    """Return array · factor (· other) in the array's dtype; inf and NaN give no warning."""
    result = np.empty_like(array)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        np.multiply(array, array.dtype.type(factor), out=result)
        return result if other is None else np.multiply(result, other, out=result)
