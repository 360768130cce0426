"""The types to which msgpack is decoded before values are made.

For each dataclass there is a struct with the same fields that takes no others. An array becomes
`ArrayData` or `ArrayRows`. A union of dataclasses, which msgspec cannot tell apart, becomes a
`TaggedValue`.
"""

from __future__ import annotations

import types
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
import numpy as np

from .arrays import ArrayData, ArrayRows


class TaggedValue(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A value of a union of dataclasses.

    Attributes
    ----------
    kind : the name of its class
    value : its fields, as msgpack
    """

    kind: str
    value: msgspec.Raw


@cache
def field_types(kind: type) -> dict[str, Any]:
    """Return the types of a dataclass's fields by name."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind)}


@cache
def union_members(hint: Any) -> dict[str, type]:
    """Return the dataclasses of a union by name; empty if there are fewer than two."""
    if not _is_union(hint):
        return {}
    classes: list[type] = [member for member in get_args(hint) if _is_dataclass(member)]
    return {member.__name__: member for member in classes} if len(classes) > 1 else {}


@cache
def has_union(hint: Any) -> bool:
    """Whether values of a type contain a union of dataclasses."""
    if union_members(hint):
        return True
    if _is_dataclass(hint):
        return any(map(has_union, field_types(hint).values()))
    return any(has_union(part) for part in get_args(hint) if _is_type(part))


@cache
def wire_type(hint: Any) -> Any:
    """Return the type to decode msgpack to, for a type of values.

    Raises
    ------
    TypeError : a union of dataclasses inside of a list or a mapping, which has no form here
    """
    if union_members(hint):
        return TaggedValue | None if type(None) in get_args(hint) else TaggedValue
    if _is_dataclass(hint):
        return _make_struct(hint)
    origin: Any = get_origin(hint)
    arguments: tuple[Any, ...] = get_args(hint)
    if origin is np.ndarray:
        return ArrayData | ArrayRows
    if origin is Annotated or not any(map(_is_type, arguments)):
        return hint
    parts = tuple(wire_type(part) if _is_type(part) else part for part in arguments)
    if _is_union(hint):
        return Union[parts]  # noqa: UP007 - a tuple of types
    if any(map(has_union, arguments)):
        raise TypeError(f"{hint} has a union of dataclasses inside of a list or a mapping")
    return origin[parts] if origin is not None else hint


def _make_struct(kind: type) -> type[msgspec.Struct]:
    hints = field_types(kind)
    return msgspec.defstruct(
        kind.__name__,
        [_struct_field(field, wire_type(hints[field.name])) for field in fields(kind)],
        forbid_unknown_fields=True,
        frozen=True,
        kw_only=True,
    )


def _struct_field(field: Field[Any], kind: Any) -> Any:
    if field.default is not MISSING:
        return field.name, kind, field.default
    if field.default_factory is not MISSING:
        return field.name, kind, msgspec.field(default_factory=field.default_factory)
    return field.name, kind


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType)


def _is_dataclass(hint: Any) -> bool:
    return isinstance(hint, type) and is_dataclass(hint)


def _is_type(part: Any) -> bool:
    """Whether an argument of a type is a type, and not a literal or an ellipsis."""
    return isinstance(part, type) or get_origin(part) is not None
