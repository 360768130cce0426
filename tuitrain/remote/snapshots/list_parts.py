"""The lists that grow: the journal, the interventions, the log."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from tuitrain.run.history.common_length import common_length
from tuitrain.run.logs.log_capture import LogSnapshot
from tuitrain.run.snapshot import Snapshot

from .part import FieldPart, describe_field
from .values import Packed, ValueCodec, decode, encode
from .windows import Window, apply_window, overlap
from .wire_types import field_types


class ListPart(FieldPart):
    """A field that is a tuple to which entries are added, and from whose end they are removed."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._windows = msgspec.msgpack.Decoder(Window)

    def prepare(self, snapshot: Snapshot, previous: tuple[Any, ...] | None) -> tuple[Any, ...]:
        """Return the entries; see `Part.prepare`."""
        del previous
        entries: tuple[Any, ...] = self._value(snapshot)
        return entries

    def difference(self, old: tuple[Any, ...] | None, new: tuple[Any, ...]) -> bytes | None:
        """Encode the entries after those that both have."""
        if old is new:
            return None
        keep = common_length(old, new) if old else 0
        if old is not None and keep == len(old) == len(new):
            return None
        return encode(Window(0, keep, msgspec.Raw(self._codec.encode(new[keep:]))))

    def apply(self, state: tuple[Any, ...] | None, data: Packed) -> tuple[Any, ...]:
        """Decode the entries."""
        window = decode(data, self._windows, describe_field(self._name))
        return apply_window(state or (), window, self._codec.decode(window.added))

    def values(self, state: tuple[Any, ...]) -> dict[str, Any]:
        """Return the entries."""
        return {self._name: state}


class _LogChange(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The log without its lines, and the lines."""

    log: msgspec.Raw
    lines: Window


class LogPart(FieldPart):
    """The captured output, of which the newest lines are kept."""

    def __init__(self, name: str = "log") -> None:
        super().__init__(name)
        self._lines = ValueCodec[tuple[Any, ...]](
            field_types(LogSnapshot)["lines"], describe_field(name)
        )
        self._changes = msgspec.msgpack.Decoder(_LogChange)

    def prepare(self, snapshot: Snapshot, previous: LogSnapshot | None) -> LogSnapshot:
        """Return the log; see `Part.prepare`."""
        del previous
        log: LogSnapshot = self._value(snapshot)
        return log

    def difference(self, old: LogSnapshot | None, new: LogSnapshot) -> bytes | None:
        """Encode the lines after those that both have."""
        if old is new or old == new:
            return None
        before = old or LogSnapshot()
        dropped = (new.total - len(new.lines)) - (before.total - len(before.lines))
        first, keep = overlap(before.lines, new.lines, dropped)
        added = msgspec.Raw(self._lines.encode(new.lines[keep:]))
        head = msgspec.Raw(self._codec.encode(replace(new, lines=())))
        return encode(_LogChange(head, Window(first, keep, added)))

    def apply(self, state: LogSnapshot | None, data: Packed) -> LogSnapshot:
        """Decode the log."""
        change = decode(data, self._changes, describe_field(self._name))
        known = state.lines if state else ()
        lines = apply_window(known, change.lines, self._lines.decode(change.lines.added))
        return replace(self._codec.decode(change.log), lines=lines)

    def values(self, state: LogSnapshot) -> dict[str, Any]:
        """Return the log."""
        return {self._name: state}
