"""What becomes of a parameter's state when its optimizer is swapped: a table by pair.

A row says how the old rule's memory reads in the new rule's terms. What is kept in translation is
the mean gradient that the memory stands for: SGD's velocity is a sum weighted by powers of the
momentum m, which for a steady gradient is that gradient times 1 / (1 - m); Adam's first moment,
corrected for its bias, is the mean itself. A pair without a row begins anew.

Only state is looked at here. Weights, lr, decay and betas are what the caller says they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from ..ops.base import Array
from . import adam, sgd
from .registry import rule
from .state import ParameterState

Hyper: TypeAlias = Mapping[str, Any]
Policy: TypeAlias = Literal["carry", "reset"]
Translation: TypeAlias = Callable[[Hyper, Hyper, ParameterState], ParameterState | None]


@dataclass(frozen=True, slots=True)
class Row:
    """How state goes from one rule to another, whether it does by default, and that in words."""

    translate: Translation
    default: Policy
    sentence: str


def carry(
    old_name: str, old_hyper: Hyper, new_name: str, new_hyper: Hyper, state: ParameterState
) -> ParameterState | None:
    """Translate one parameter's state from one update rule to another.

    Parameters
    ----------
    old_name, new_name : rules, as in `RULES`
    old_hyper, new_hyper : their hyper-parameters, as in a parameter group
    state : the parameter's state under the old rule; not changed

    Returns
    -------
    A state that shares no array with the old one, or None where nothing maps and the state begins
    anew.

    Raises
    ------
    CoreError : an unknown rule
    """
    row = _row(old_name, new_name)
    return None if row is None else row.translate(old_hyper, new_hyper, state)


def default_policy(old: str, new: str) -> Policy:
    """Say what a swap does when nobody says: carry where the state maps whole, else reset."""
    row = _row(old, new)
    return "reset" if row is None else row.default


def describe(old: str, new: str) -> str:
    """Say in one sentence what carrying the state over means for this pair."""
    row = _row(old, new)
    if row is not None:
        return row.sentence
    return f"Nothing of {old}'s state has a meaning in {new}: it begins anew, at step 0."


def _row(old: str, new: str) -> Row | None:
    """Look a pair up by the names of rules that exist."""
    return _ROWS.get((rule(old).rule, rule(new).rule))


def _whole(old: Hyper, new: Hyper, state: ParameterState) -> ParameterState:  # noqa: ARG001
    return state.copy()


def _velocity_to_velocity(old: Hyper, new: Hyper, state: ParameterState) -> ParameterState | None:
    velocity = state.slots.get(sgd.BUFFER)
    if velocity is None or not new["momentum"]:
        return None
    if old["momentum"] == new["momentum"]:
        return state.copy()
    factor = (1.0 - old["momentum"]) / (1.0 - new["momentum"])
    return ParameterState(state.step, {sgd.BUFFER: _times(velocity, factor)})


def _velocity_to_moments(old: Hyper, new: Hyper, state: ParameterState) -> ParameterState | None:
    velocity = state.slots.get(sgd.BUFFER)
    if velocity is None:
        return None
    beta1, beta2 = new["betas"]
    mean = _times(velocity, 1.0 - old["momentum"])
    moments = {adam.FIRST: _times(mean, 1.0 - beta1), adam.SECOND: _times(mean, 1.0 - beta2, mean)}
    return ParameterState(1, moments)


def _moments_to_velocity(old: Hyper, new: Hyper, state: ParameterState) -> ParameterState | None:
    first = state.slots.get(adam.FIRST)
    if first is None or state.step == 0 or not new["momentum"]:
        return None
    correction = 1.0 - old["betas"][0] ** state.step
    velocity = _times(first, 1.0 / (correction * (1.0 - new["momentum"])))
    return ParameterState(state.step, {sgd.BUFFER: velocity})


def _times(array: Array, factor: float, other: Array | None = None) -> Array:
    """Scale, and multiply with ``other``, in the array's dtype; inf and NaN pass without a word."""
    result = np.empty_like(array)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        np.multiply(array, array.dtype.type(factor), out=result)
        return result if other is None else np.multiply(result, other, out=result)


_MOMENTS_WHOLE = "Both moments and the step counter carry over whole"
_TO_VELOCITY = (
    "The first moment, corrected for its bias, becomes the velocity of the same mean gradient, "
    "and the step counter carries over; without momentum the state begins anew."
)
_TO_MOMENTS = (
    "The velocity's mean gradient becomes both moments, as if {} had made one step with it; "
    "without momentum the state begins anew."
)
_ROWS: dict[tuple[str, str], Row] = {
    ("sgd", "sgd"): Row(
        _velocity_to_velocity,
        "carry",
        "The velocity carries over, scaled to the same mean gradient when the momentum changes, "
        "with the step counter; without momentum on both sides it begins anew.",
    ),
    ("sgd", "adam"): Row(_velocity_to_moments, "reset", _TO_MOMENTS.format("adam")),
    ("sgd", "adamw"): Row(_velocity_to_moments, "reset", _TO_MOMENTS.format("adamw")),
    ("adam", "sgd"): Row(_moments_to_velocity, "reset", _TO_VELOCITY),
    ("adam", "adam"): Row(_whole, "carry", f"{_MOMENTS_WHOLE}."),
    (
        "adam",
        "adamw",
    ): Row(_whole, "carry", f"{_MOMENTS_WHOLE}; adam's moments hold its weight decay for a while."),
    ("adamw", "sgd"): Row(_moments_to_velocity, "reset", _TO_VELOCITY),
    ("adamw", "adam"): Row(_whole, "carry", f"{_MOMENTS_WHOLE}; the decay now enters the moments."),
    ("adamw", "adamw"): Row(_whole, "carry", f"{_MOMENTS_WHOLE}."),
}
