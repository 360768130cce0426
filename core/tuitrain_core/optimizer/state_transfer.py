"""Conversion of a parameter's state when its optimizer is swapped: a table by pair of rules.

A conversion keeps one of two quantities, as the rules themselves use it:

- the mean gradient: SGD's velocity is a sum weighted by powers of the momentum m, which for a
  steady gradient is that gradient times 1 / (1 - m); Lion's momentum is the mean itself; so is
  Adam's first moment, corrected for its bias;
- the mean square that gradients are divided by: RMSprop's and Adadelta's average, which these rules
  do not correct, and Adam's second moment, corrected for its bias.

A pair without an entry starts with a new state. Adagrad's sum only grows and has no mean, so it
converts to no other rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..ops.base import Array
from . import rmsprop, sgd, state_conversions
from .registry import get_optimizer_class
from .state import ParameterState
from .state_conversions import Hyper

Policy: TypeAlias = Literal["carry", "reset"]
Conversion: TypeAlias = Callable[[Hyper, Hyper, ParameterState], ParameterState | None]


@dataclass(frozen=True, slots=True)
class Transfer:
    """Conversion from one rule to another, the default policy, and a sentence about it."""

    convert: Conversion
    default: Policy
    summary: str


def transfer_state(
    old_name: str, old_hyper: Hyper, new_name: str, new_hyper: Hyper, state: ParameterState
) -> ParameterState | None:
    """Convert one parameter's state from one update rule to another.

    Parameters
    ----------
    old_name, new_name : rules, as in `OPTIMIZERS`
    old_hyper, new_hyper : their hyper-parameters, as in a parameter group
    state : the parameter's state under the old rule; not changed

    Returns
    -------
    A state that shares no array with the old one, or None if the state cannot be converted.

    Raises
    ------
    CoreError : a rule is unknown
    """
    transfer = _find(old_name, new_name)
    return None if transfer is None else transfer.convert(old_hyper, new_hyper, state)


def default_policy(old: str, new: str) -> Policy:
    """Return what a swap does by default: "carry" where all of the state is kept, else "reset"."""
    transfer = _find(old, new)
    return "reset" if transfer is None else transfer.default


def transfer_summary(old: str, new: str) -> str:
    """Return a sentence that says what carrying the state over does for a pair of rules."""
    transfer = _find(old, new)
    if transfer is not None:
        return transfer.summary
    return f"Nothing of {old}'s state has a meaning in {new}: it is reset, to step 0."


def _find(old: str, new: str) -> Transfer | None:
    """Return the entry of a pair of rules."""
    return _TRANSFERS.get((get_optimizer_class(old).rule, get_optimizer_class(new).rule))


def _copy(old: Hyper, new: Hyper, state: ParameterState) -> ParameterState:  # noqa: ARG001
    return state.copy()


def _sgd_to_sgd(old: Hyper, new: Hyper, state: ParameterState) -> ParameterState | None:
    if sgd.BUFFER not in state.slots or not new["momentum"]:
        return None
    return ParameterState(
        state.step, {sgd.BUFFER: state_conversions.rescaled_velocity(old, new, state)}
    )


def _rmsprop_to_rmsprop(old: Hyper, new: Hyper, state: ParameterState) -> ParameterState:
    slots = state.copy().slots
    if not new["centered"]:
        slots.pop(rmsprop.MEAN, None)
    if rmsprop.BUFFER in slots:
        slots[rmsprop.BUFFER] = state_conversions.rescaled_velocity(old, new, state)
    if not new["momentum"]:
        slots.pop(rmsprop.BUFFER, None)
    return ParameterState(state.step, slots)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads a quantity from an old state (None if it has none); and the words for it."""

    read: Callable[[Hyper, ParameterState], Array | None]
    words: str
    exception: str = ""


@dataclass(frozen=True, slots=True)
class _Writer:
    """Makes a new state of the same quantity (or None); and the words for it."""

    write: Callable[[Hyper, int, Array], ParameterState | None]
    words: str
    exception: str = ""


def _compose(reader: _Reader, writer: _Writer, new_name: str) -> Transfer:
    """Return the conversion that a reader and a writer make up."""

    def convert(old: Hyper, new: Hyper, state: ParameterState) -> ParameterState | None:
        quantity = reader.read(old, state)
        return None if quantity is None else writer.write(new, state.step, quantity)

    words = f"{reader.words} {writer.words.format(new_name)}{reader.exception}{writer.exception}."
    return Transfer(convert, "reset", words)


_UNLESS = "; without momentum the state is reset"
_COUNTS = "and the step counter carries over"
_MOMENTS = ("adam", "adamw", "lamb")
_TO_MOMENTS = _Writer(
    state_conversions.moments_from_mean, "becomes both moments, as if {} had made one step with it"
)
_OF_MOMENTS = _Reader(
    state_conversions.mean_from_moments, "The first moment, corrected for its bias,"
)
_MEAN_READERS = {
    "sgd": _Reader(state_conversions.mean_from_velocity, "The velocity's mean gradient", _UNLESS),
    "lion": _Reader(state_conversions.mean_from_momentum, "The momentum's mean gradient"),
    **dict.fromkeys(_MOMENTS, _OF_MOMENTS),
}
_MEAN_WRITERS = {
    "sgd": _Writer(
        state_conversions.velocity_from_mean,
        f"becomes the velocity of the same mean gradient, {_COUNTS}",
        _UNLESS,
    ),
    "lion": _Writer(state_conversions.momentum_from_mean, f"becomes the momentum, {_COUNTS}"),
    **dict.fromkeys(_MOMENTS, _TO_MOMENTS),
}
_SQUARE_OF_MOMENTS = _Reader(
    state_conversions.mean_square_from_moments, "The second moment, corrected for its bias,"
)
_SQUARE_TO_MOMENTS = _Writer(
    state_conversions.moments_from_mean_square,
    "becomes the second moment, with the bias that {} will correct, the first begins at 0, "
    + _COUNTS,
)
_AVERAGE = _Reader(state_conversions.mean_square_from_average, "The average of the squares")
_SQUARE_READERS = {
    "rmsprop": _AVERAGE,
    "adadelta": _AVERAGE,
    **dict.fromkeys(_MOMENTS, _SQUARE_OF_MOMENTS),
}
_SQUARE_WRITERS = {
    "rmsprop": _Writer(
        state_conversions.rmsprop_from_mean_square, f"is what {{}} divides by, {_COUNTS}"
    ),
    "adadelta": _Writer(
        state_conversions.adadelta_from_mean_square,
        f"is what {{}} divides by, its steps begin short, {_COUNTS}",
    ),
    **dict.fromkeys(_MOMENTS, _SQUARE_TO_MOMENTS),
}
_MOMENTS_WHOLE = "Both moments and the step counter carry over whole"
_AFTERWARDS = {
    ("adam", "adamw"): "; adam's moments hold its weight decay for a while",
    ("adam", "lamb"): "; adam's moments hold its weight decay for a while",
    ("adamw", "adam"): "; the decay now enters the moments",
    ("lamb", "adam"): "; the decay now enters the moments",
}
_SAME_RULE: dict[tuple[str, str], Transfer] = {
    ("sgd", "sgd"): Transfer(
        _sgd_to_sgd,
        "carry",
        "The velocity carries over, scaled to the same mean gradient when the momentum changes, "
        "with the step counter; without momentum on both sides it is reset.",
    ),
    ("rmsprop", "rmsprop"): Transfer(
        _rmsprop_to_rmsprop,
        "carry",
        "The averages and the step counter carry over, and the velocity scaled to the same mean "
        "when the momentum changes; slots that the new settings do not use are dropped.",
    ),
    ("adagrad", "adagrad"): Transfer(
        _copy, "carry", "The sum of the squares and the step counter carry over whole."
    ),
    ("adadelta", "adadelta"): Transfer(
        _copy, "carry", "Both averages and the step counter carry over whole."
    ),
    ("lion", "lion"): Transfer(
        _copy, "carry", "The momentum and the step counter carry over whole."
    ),
}


def _pairs() -> Iterator[tuple[tuple[str, str], Transfer]]:
    """Yield the entry of every pair of rules that share a quantity."""
    for readers, writers in ((_MEAN_READERS, _MEAN_WRITERS), (_SQUARE_READERS, _SQUARE_WRITERS)):
        for old, reader in readers.items():
            for new, writer in writers.items():
                yield (old, new), _compose(reader, writer, new)
    for old in _MOMENTS:
        for new in _MOMENTS:
            text = f"{_MOMENTS_WHOLE}{_AFTERWARDS.get((old, new), '')}."
            yield (old, new), Transfer(_copy, "carry", text)


# pairs within one rule come last and replace the conversions above
_TRANSFERS: dict[tuple[str, str], Transfer] = {**dict(_pairs()), **_SAME_RULE}
