"""What the encoders of several viewers share: each part of a snapshot is encoded once."""

from __future__ import annotations

from typing import Any

import msgspec

from tuitrain.run.snapshot import Snapshot

from .frame import FORMAT_VERSION, Frame
from .parts import PARTS
from .values import encode


class PreparedSnapshot:
    """A snapshot with the prepared values of its parts, and their encoded differences.

    Parameters
    ----------
    previous : an earlier snapshot of the run, whose prepared values are used where nothing changed
    """

    def __init__(self, snapshot: Snapshot, previous: PreparedSnapshot | None) -> None:
        known: dict[str, Any] = previous.parts if previous else {}
        self.snapshot = snapshot
        self.parts = {name: part.prepare(snapshot, known.get(name)) for name, part in PARTS.items()}
        self._differences: dict[str, list[tuple[Any, bytes | None]]] = {name: [] for name in PARTS}
        self._frames: dict[PreparedSnapshot | None, bytes] = {}

    def frame(self, base: PreparedSnapshot | None) -> bytes:
        """Return the snapshot as a difference to another one; whole if that is None."""
        frame = self._frames.get(base)
        if frame is None:
            frame = self._frames[base] = self._encode(base)
        return frame

    def forget_frames(self) -> None:
        """Free the encoded frames and differences: a newer snapshot is sent from now on."""
        self._frames.clear()
        self._differences = {name: [] for name in PARTS}

    def _encode(self, base: PreparedSnapshot | None) -> bytes:
        differences = {
            name: self._difference(name, base.parts[name] if base else None) for name in PARTS
        }
        parts = {
            name: msgspec.Raw(content)
            for name, content in differences.items()
            if content is not None
        }
        return encode(Frame(FORMAT_VERSION, base.snapshot.version if base else None, parts))

    def _difference(self, name: str, old: Any) -> bytes | None:
        """Return the difference of a part, which is encoded once for each earlier value."""
        for known, content in self._differences[name]:
            if known is old:
                return content
        content = PARTS[name].difference(old, self.parts[name])
        self._differences[name].append((old, content))
        return content


class SharedParts:
    """Prepares each snapshot of a run once for all viewers. Use it from one thread."""

    def __init__(self) -> None:
        self._newest: PreparedSnapshot | None = None

    def prepare(self, snapshot: Snapshot) -> PreparedSnapshot:
        """Return a prepared snapshot; the same for the same snapshot, until a newer one comes."""
        newest = self._newest
        if newest is None or newest.snapshot is not snapshot:
            if newest is not None:
                newest.forget_frames()
            newest = self._newest = PreparedSnapshot(snapshot, newest)
        return newest
