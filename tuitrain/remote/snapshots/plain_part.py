"""Fields that are sent whole when they change: plain values, dataclasses, inspections."""

from __future__ import annotations

from typing import Any, NamedTuple

from tuitrain.engines.state import Array
from tuitrain.run.snapshot import Snapshot

from .array_rows import array_packer, array_unpacker, arrays_in
from .part import FieldPart
from .values import Packed


class PreparedValue(NamedTuple):
    """A value and its encoding."""

    value: Any
    encoded: bytes


class PreparedArrays(NamedTuple):
    """A value with its arrays."""

    value: Any
    arrays: list[Array]


class _ValuePart(FieldPart):
    """The base of parts whose prepared values have the value of the field, and more."""

    def is_of(self, prepared: PreparedValue | PreparedArrays, snapshot: Snapshot) -> bool:
        """Whether the value is the same object; see `Part.is_of`."""
        return prepared.value is self._value(snapshot)


class PlainPart(_ValuePart):
    """A field of any type that `ValueCodec` encodes."""

    def prepare(self, snapshot: Snapshot, previous: PreparedValue | None) -> PreparedValue:
        """Encode the value; see `Part.prepare`."""
        del previous
        value = self._value(snapshot)
        return PreparedValue(value, self._codec.encode(value))

    def difference(self, old: PreparedValue | None, new: PreparedValue) -> bytes | None:
        """Return the encoded value if it differs."""
        return None if old is not None and old.encoded == new.encoded else new.encoded

    def apply(self, state: Any, data: Packed) -> Any:
        """Decode the value."""
        del state
        return self._codec.decode(data)

    def values(self, state: Any) -> dict[str, Any]:
        """Return the value."""
        return {self._name: state}


class ArraysPart(_ValuePart):
    """A field whose arrays are sent as differences to those of the value before."""

    def prepare(self, snapshot: Snapshot, previous: PreparedArrays | None) -> PreparedArrays:
        """List the arrays of the value; see `Part.prepare`."""
        del previous
        value = self._value(snapshot)
        return PreparedArrays(value, arrays_in(value))

    def difference(self, old: PreparedArrays | None, new: PreparedArrays) -> bytes | None:
        """Encode the value; of arrays that have grown, only what was added."""
        if old is new:
            return None
        return self._codec.encode(new.value, array_packer(old.arrays if old else (), new.arrays))

    def apply(self, state: PreparedArrays | None, data: Packed) -> PreparedArrays:
        """Decode the value."""
        value = self._codec.decode(data, array_unpacker(state.arrays if state else ()))
        return PreparedArrays(value, arrays_in(value))

    def values(self, state: PreparedArrays) -> dict[str, Any]:
        """Return the value."""
        return {self._name: state.value}
