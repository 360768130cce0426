"""The groups: their numbers change with every step, and are sent in columns; the rest rarely does.

The columns are the fields of `GroupView` and `ParameterRow` whose type is float.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from operator import attrgetter
from typing import Any, Final

import msgspec
import numpy as np

from tuitrain.engines.views import GroupView, ParameterRow
from tuitrain.run.snapshot import Snapshot

from .errors import RemoteDataError
from .part import describe_field, field_codec
from .values import Packed, decode, encode
from .wire_types import field_types

_WHAT: Final = describe_field("groups")
_ROWS: Final = "parameters"


class _Change(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The groups, whole or as numbers.

    Attributes
    ----------
    whole : all groups as msgpack; None if only numbers have changed
    groups, rows : the numbers of all groups, and of all their parameters: float64, a row for each
    """

    whole: bytes | None
    groups: bytes
    rows: bytes


class _Columns:
    """The numbers of dataclasses of one type, apart from their other fields.

    Parameters
    ----------
    kind : the type
    nested : a field that is neither
    """

    def __init__(self, kind: type, nested: str = "") -> None:
        hints = field_types(kind)
        self._kind = kind
        self._names = tuple(hints)
        self._numbers = [name for name, hint in hints.items() if hint is float]
        facts = [name for name in hints if name not in self._numbers and name != nested]
        self._facts = attrgetter(*facts)
        self._get_numbers = attrgetter(*self._numbers)

    def facts(self, entries: Iterable[Any]) -> list[Any]:
        """Return the fields that are not numbers."""
        return list(map(self._facts, entries))

    def pack(self, entries: Sequence[Any]) -> bytes:
        """Return the numbers, a row for each entry."""
        return np.array(list(map(self._get_numbers, entries)), "<f8").tobytes()

    def replace(
        self, entries: Sequence[Any], content: bytes, **changes: Iterable[Any]
    ) -> Iterator[Any]:
        """Yield entries with other numbers.

        Parameters
        ----------
        content : the result of `pack`
        changes : other values of further fields

        Raises
        ------
        RemoteDataError : there are more or fewer numbers than the entries have
        """
        if len(content) != 8 * len(entries) * len(self._numbers):
            raise RemoteDataError(
                f"{_WHAT}: {len(content)} bytes are not the numbers of {len(entries)} entries"
            )
        numbers = np.frombuffer(content, "<f8").reshape(len(entries), len(self._numbers)).T
        columns = {**dict(zip(self._numbers, numbers.tolist(), strict=True)), **changes}
        return map(
            self._kind,
            *(
                columns[name] if name in columns else map(attrgetter(name), entries)
                for name in self._names
            ),
        )


_GROUPS: Final = _Columns(GroupView, _ROWS)
_PARAMETERS: Final = _Columns(ParameterRow)


@dataclass(eq=False)
class PreparedGroups:
    """The groups of a snapshot, prepared for comparison and encoding."""

    groups: tuple[GroupView, ...]

    @cached_property
    def rows(self) -> list[ParameterRow]:
        """The parameters of all groups."""
        return [row for group in self.groups for row in group.parameters]

    @cached_property
    def facts(self) -> list[Any]:
        """Everything but the numbers."""
        sizes = [len(group.parameters) for group in self.groups]
        return [sizes, _GROUPS.facts(self.groups), _PARAMETERS.facts(self.rows)]

    @cached_property
    def numbers(self) -> tuple[bytes, bytes]:
        """The numbers of the groups, and of their parameters."""
        return _GROUPS.pack(self.groups), _PARAMETERS.pack(self.rows)

    @cached_property
    def whole(self) -> bytes:
        """All groups as msgpack."""
        return field_codec("groups").encode(self.groups)


class GroupsPart:
    """The field ``groups``."""

    def __init__(self) -> None:
        self._codec = field_codec("groups")
        self._changes = msgspec.msgpack.Decoder(_Change)

    @property
    def fields(self) -> tuple[str, ...]:
        """The name of the field."""
        return ("groups",)

    def is_of(self, prepared: PreparedGroups, snapshot: Snapshot) -> bool:
        """Whether the value is the same object."""
        return prepared.groups is snapshot.groups

    def prepare(self, snapshot: Snapshot, previous: PreparedGroups | None) -> PreparedGroups:
        """Return the groups; see `Part.prepare`."""
        del previous
        return PreparedGroups(snapshot.groups)

    def difference(self, old: PreparedGroups | None, new: PreparedGroups) -> bytes | None:
        """Encode the numbers, or all groups if anything else has changed."""
        if old is new:
            return None
        if old is None or old.facts != new.facts:
            return encode(_Change(new.whole, b"", b""))
        return None if old.numbers == new.numbers else encode(_Change(None, *new.numbers))

    def apply(self, state: tuple[GroupView, ...] | None, data: Packed) -> tuple[GroupView, ...]:
        """Decode the groups."""
        change = decode(data, self._changes, _WHAT)
        if change.whole is not None:
            return self._codec.decode(change.whole)
        if state is None:
            raise RemoteDataError(f"{_WHAT}: a difference came before the whole")
        known = PreparedGroups(state)
        rows = _PARAMETERS.replace(known.rows, change.rows)
        parameters: list[tuple[ParameterRow, ...]] = [
            tuple(islice(rows, len(group.parameters))) for group in state
        ]
        return tuple(_GROUPS.replace(state, change.groups, **{_ROWS: parameters}))

    def values(self, state: tuple[GroupView, ...]) -> dict[str, Any]:
        """Return the groups."""
        return {"groups": state}
