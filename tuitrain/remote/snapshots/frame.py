"""A snapshot as one message: its parts as msgpack, whole or as a difference to the one before."""

from __future__ import annotations

from typing import Final

import msgspec

from .errors import RemoteDataError
from .values import decode

FORMAT_VERSION: Final = 2
"""The version of the format of snapshots. It grows when an older reader would read them wrongly."""


class Frame(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A snapshot.

    Attributes
    ----------
    format : `FORMAT_VERSION` of the writer
    base : the version of the snapshot that this is a difference to; None if it is whole
    parts : the parts of the snapshot that have changed, by name
    """

    format: int
    base: int | None
    parts: dict[str, msgspec.Raw]


class _Header(msgspec.Struct, frozen=True):
    format: int


_FRAMES: Final = msgspec.msgpack.Decoder(Frame)
_HEADERS: Final = msgspec.msgpack.Decoder(_Header)


def read_frame(data: bytes) -> Frame:
    """Decode a frame; its parts remain msgpack.

    Raises
    ------
    RemoteDataError : it is malformed, or of another `FORMAT_VERSION`
    """
    version = decode(data, _HEADERS, "a snapshot").format
    if version != FORMAT_VERSION:
        older = "the other" if version < FORMAT_VERSION else "this"
        raise RemoteDataError(
            f"the other side sends snapshots of format {version}, but this side reads format "
            f"{FORMAT_VERSION}; update tuitrain on {older} side"
        )
    return decode(data, _FRAMES, "a snapshot")
