"""Snapshots as bytes, for one viewer."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from tuitrain.run.snapshot import Snapshot

from .frame import FORMAT_VERSION, Frame
from .parts import PARTS
from .shared_parts import SharedParts
from .values import encode


class _Sent(NamedTuple):
    """The last snapshot that was encoded: its version, and the prepared values of its parts."""

    version: int
    parts: dict[str, Any]


class SnapshotEncoder:
    """Encodes the snapshots that one viewer gets, each as a difference to the one before.

    Parameters
    ----------
    shared : given to the encoders of all viewers of a run, so that each part is encoded once
        (default: shared with none)
    """

    def __init__(self, shared: SharedParts | None = None) -> None:
        self._shared = shared or SharedParts()
        self._sent: _Sent | None = None

    def encode(self, snapshot: Snapshot) -> bytes:
        """Return a snapshot as bytes, for a viewer that has got all of the ones before.

        Raises
        ------
        RemoteDataError : it has a value that cannot be sent; the next snapshot is encoded whole
        """
        sent, self._sent = self._sent, None
        parts = self._shared.prepare(snapshot, sent.parts if sent else {})
        changed: dict[str, msgspec.Raw] = {}
        for name in PARTS:
            content = self._shared.difference(name, sent.parts[name] if sent else None, parts[name])
            if content is not None:
                changed[name] = msgspec.Raw(content)
        frame = encode(Frame(FORMAT_VERSION, sent.version if sent else None, changed))
        self._sent = _Sent(snapshot.version, parts)
        return frame

    def reset(self) -> None:
        """Encode the next snapshot whole, because the viewer may lack the last one."""
        self._sent = None
