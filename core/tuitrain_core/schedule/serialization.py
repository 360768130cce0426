"""Schedules as plain records, for a file: dicts, lists, strings and numbers, and back.

A record is ``{'kind': NAME}`` and the schedule's fields under their own names. A file comes from
anywhere, so reading is strict: what is unknown or missing is told, and nothing is guessed.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from ..errors import CoreError, describe_unknown
from .base import Schedule
from .cosine import Cosine, OneCycle
from .linear import Constant, Linear, LinearDecay
from .step_decay import Exponential, Milestones
from .warmup import WarmUp

_KINDS: dict[str, type[Any]] = {
    "constant": Constant,
    "linear-decay": LinearDecay,
    "linear": Linear,
    "cosine": Cosine,
    "exponential": Exponential,
    "milestones": Milestones,
    "one-cycle": OneCycle,
    "warm-up": WarmUp,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def to_record(schedule: Schedule) -> dict[str, Any]:
    """Write a schedule as a plain dict that `from_record` reads.

    Raises
    ------
    CoreError : it is none of the schedules here
    """
    name = _NAMES.get(type(schedule))
    if name is None:
        raise CoreError(f"no record is known for a schedule of type {type(schedule).__name__}")
    written = {each.name: _plain(getattr(schedule, each.name)) for each in fields(_KINDS[name])}
    return {"kind": name, **written}


def from_record(record: Any) -> Schedule:
    """Make the schedule that `to_record` wrote.

    Raises
    ------
    CoreError : the kind or a field is unknown, a field is missing, or its value is not allowed
    """
    if not isinstance(record, dict):
        raise CoreError(f"a schedule's record is a dict, but was given {type(record).__name__}")
    if "kind" not in record:
        raise CoreError(f"a schedule's record needs 'kind', but has only {list(record)}")
    name = record["kind"]
    if not isinstance(name, str) or name not in _KINDS:
        raise CoreError(f"schedule {describe_unknown(name, _KINDS)}")
    given = {key: value for key, value in record.items() if key != "kind"}
    _check_fields(name, given)
    try:
        return _KINDS[name](**{key: _field(key, value) for key, value in given.items()})
    except CoreError as error:
        raise CoreError(f"schedule {name!r}: {error}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Schedule):
        return to_record(value)
    return list(value) if isinstance(value, tuple) else value


def _field(key: str, value: Any) -> Any:
    if key == "inner":
        return from_record(value)
    return tuple(value) if key == "at" and isinstance(value, list) else value


def _check_fields(name: str, given: dict[Any, Any]) -> None:
    known = {each.name: each.default is MISSING for each in fields(_KINDS[name])}
    found = [describe_unknown(key, known) for key in given if key not in known]
    found += [f"{key} is missing" for key, needed in known.items() if needed and key not in given]
    if found:
        raise CoreError(f"schedule {name!r}: {'; '.join(found)}")
