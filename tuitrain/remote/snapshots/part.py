"""The parts of a snapshot: each has its own form as bytes, and its own differences."""

from __future__ import annotations

from typing import Any, Protocol

from tuitrain.run.snapshot import Snapshot

from .values import Packed, ValueCodec
from .wire_types import field_types


class Part(Protocol):
    """One or more fields of a snapshot.

    The writer keeps prepared values for later differences, the reader keeps states.
    Both are immutable, except for buffers that grow behind views.
    """

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields."""
        ...

    def is_of(self, prepared: Any, snapshot: Snapshot) -> bool:
        """Whether a prepared value is that of a snapshot, because the fields are the same objects.

        It may be False for equal fields.
        """
        ...

    def prepare(self, snapshot: Snapshot, previous: Any) -> Any:
        """Return the prepared value for a snapshot.

        Parameters
        ----------
        previous : the newest one so far, or None; its own predecessors may free what they copied
        """
        ...

    def difference(self, old: Any, new: Any) -> bytes | None:
        """Encode the difference of two prepared values; None if there is none.

        Parameters
        ----------
        old : None to encode the whole value
        """
        ...

    def apply(self, state: Any, data: Packed) -> Any:
        """Return the state after a difference.

        Parameters
        ----------
        state : the state before; None if the whole value is encoded

        Raises
        ------
        RemoteDataError : the data is malformed, or a difference to another state
        """
        ...

    def values(self, state: Any) -> dict[str, Any]:
        """Return the values of the fields by name."""
        ...


class FieldPart:
    """The base of parts that are one field, whose prepared values are those of the field.

    Parameters
    ----------
    name : of the field
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._codec = field_codec(name)

    @property
    def fields(self) -> tuple[str, ...]:
        """The name of the field."""
        return (self._name,)

    def is_of(self, prepared: Any, snapshot: Snapshot) -> bool:
        """Whether the value is the same object; see `Part.is_of`."""
        return prepared is self._value(snapshot)

    def _value(self, snapshot: Snapshot) -> Any:
        return getattr(snapshot, self._name)


def field_codec(name: str) -> ValueCodec[Any]:
    """Return a codec for a field of a snapshot."""
    return ValueCodec(field_types(Snapshot)[name], describe_field(name))


def describe_field(name: str) -> str:
    """Return the name of a field for errors."""
    return f"the field {name!r} of a snapshot"
