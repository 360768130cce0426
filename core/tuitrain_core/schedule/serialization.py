"""Conversion of schedules to plain dictionaries and back, for files.

A record is ``{'kind': NAME}`` and the schedule's fields under the keys of the file. Reading is
strict: a kind, a key or a value that is not known is an error.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
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
_NAMES = {schedule: name for name, schedule in _KINDS.items()}

_KEYS = {"duration": "over", "warmup_fraction": "rise", "milestones": "at"}
"""Keys of the file, for the fields that have another name there."""


def to_record(schedule: Schedule) -> dict[str, Any]:
    """Return a schedule as a plain dict that `from_record` reads.

    Raises
    ------
    CoreError : the schedule is of a type that is not in this package
    """
    name = _NAMES.get(type(schedule))
    if name is None:
        raise CoreError(f"no record is known for a schedule of type {type(schedule).__name__}")
    values = {key: getattr(schedule, field.name) for key, field in _fields(name).items()}
    return {"kind": name, **{key: _to_plain(value) for key, value in values.items()}}


def from_record(record: Any) -> Schedule:
    """Return the schedule that `to_record` wrote.

    Raises
    ------
    CoreError : the kind or a key is unknown, a key is missing, or its value is not allowed
    """
    if not isinstance(record, dict):
        raise CoreError(f"a schedule's record is a dict, but was given {type(record).__name__}")
    if "kind" not in record:
        raise CoreError(f"a schedule's record needs 'kind', but has only {list(record)}")
    name = record["kind"]
    if not isinstance(name, str) or name not in _KINDS:
        raise CoreError(f"schedule {describe_unknown(name, _KINDS)}")
    known = _fields(name)
    values = {key: value for key, value in record.items() if key != "kind"}
    _check_keys(name, values, known)
    try:
        arguments = {known[key].name: _from_plain(key, value) for key, value in values.items()}
        return _KINDS[name](**arguments)
    except CoreError as error:
        raise CoreError(f"schedule {name!r}: {_with_key(str(error))}") from None


def _fields(name: str) -> dict[str, Field[Any]]:
    """Return the fields of a kind of schedule, by their keys in the file."""
    return {_KEYS.get(field.name, field.name): field for field in fields(_KINDS[name])}


def _with_key(message: str) -> str:
    """Return a message that begins with a field's name with the key of the file in its place."""
    name, _, rest = message.partition(" ")
    return f"{_KEYS.get(name, name)} {rest}"


def _to_plain(value: Any) -> Any:
    if isinstance(value, Schedule):
        return to_record(value)
    return list(value) if isinstance(value, tuple) else value


def _from_plain(key: str, value: Any) -> Any:
    if key == "inner":
        return from_record(value)
    return tuple(value) if key == "at" and isinstance(value, list) else value


def _check_keys(name: str, values: dict[Any, Any], known: dict[str, Field[Any]]) -> None:
    problems = [describe_unknown(key, known) for key in values if key not in known]
    for key, field in known.items():
        if field.default is MISSING and key not in values:
            problems.append(f"{key} is missing")
    if problems:
        raise CoreError(f"schedule {name!r}: {'; '.join(problems)}")
