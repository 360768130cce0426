"""Snapshots from bytes, for one connection."""

from __future__ import annotations

from typing import Any

from tuitrain.errors import did_you_mean
from tuitrain.run.snapshot import Snapshot

from .encoder import FIELDS
from .errors import RemoteDataError
from .frame import read_frame


class SnapshotDecoder:
    """Decodes the snapshots that one `SnapshotEncoder` has encoded, in their order."""

    def decode(self, data: bytes) -> Snapshot:
        """Return a snapshot, with read-only arrays.

        Raises
        ------
        RemoteDataError : the data is malformed, of another version, or a difference to a snapshot
            that is not the last one decoded; the next one decoded must be whole
        """
        frame = read_frame(data)
        for name in frame.fields:
            if name not in FIELDS:
                raise RemoteDataError(
                    f"a snapshot has no field {name!r:.60}{did_you_mean(name, FIELDS)}"
                )
        values: dict[str, Any] = {
            name: FIELDS[name].decode(content) for name, content in frame.fields.items()
        }
        try:
            return Snapshot(**values)
        except TypeError:
            missing = [name for name in ("version", "info", "phase") if name not in values]
            raise RemoteDataError(f"a snapshot lacks {', '.join(missing)}") from None
