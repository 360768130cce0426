"""Snapshots as bytes, for one viewer."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import msgspec

from tuitrain.run.snapshot import Snapshot

from .frame import FORMAT_VERSION, Frame
from .values import ValueCodec, encode
from .wire_types import field_types


class SharedParts:
    """Encoded parts of snapshots that all viewers of a run share. Use it from one thread."""


class SnapshotEncoder:
    """Encodes the snapshots that one viewer gets, each as a difference to the one before.

    Parameters
    ----------
    shared : given to the encoders of all viewers of a run, so that each part is encoded once
        (default: shared with none)
    """

    def __init__(self, shared: SharedParts | None = None) -> None:
        self._shared = shared or SharedParts()

    def encode(self, snapshot: Snapshot) -> bytes:
        """Return a snapshot as bytes.

        Raises
        ------
        RemoteDataError : it has a value that cannot be sent
        """
        return encode(
            Frame(
                FORMAT_VERSION,
                None,
                {
                    name: msgspec.Raw(FIELDS[name].encode(getattr(snapshot, name)))
                    for name in FIELDS
                },
            )
        )

    def reset(self) -> None:
        """Encode the next snapshot whole, because the viewer may lack the last one."""


def _codec(name: str) -> ValueCodec[Any]:
    return ValueCodec(field_types(Snapshot)[name], f"the field {name!r} of a snapshot")


FIELDS = {field.name: _codec(field.name) for field in fields(Snapshot)}
"""A codec for each field of a snapshot."""
