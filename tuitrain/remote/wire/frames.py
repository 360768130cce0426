"""Frames: a length of four bytes, the most significant first, and as many bytes of a message."""

from __future__ import annotations

import struct
from typing import Final

from ..errors import ProtocolError

MAX_REQUEST_BYTES: Final = 256 * 1024
"""The longest message that a run takes from a viewer; a command has some hundred bytes."""

MAX_REPLY_BYTES: Final = 512 * 1024 * 1024
"""The longest message that a viewer takes: the curves of ten million steps have 160 MB."""

_LENGTH: Final = struct.Struct(">I")


def make_frame(message: bytes) -> bytes:
    """Return a message with its length in front."""
    return _LENGTH.pack(len(message)) + message


class FrameReader:
    """Cuts a stream of bytes into messages; bytes may arrive in pieces of any size.

    Parameters
    ----------
    max_bytes : the longest message that is taken
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()

    @property
    def is_inside(self) -> bool:
        """Whether a frame has begun that is not complete."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes, and return the messages that are complete now.

        Raises
        ------
        ProtocolError : a length is 0 or above ``max_bytes``; found before the message is awaited
        """
        self._buffer += data
        messages: list[bytes] = []
        start = 0
        while (end := self._end_of_frame(start)) is not None:
            messages.append(bytes(self._buffer[start + _LENGTH.size : end]))
            start = end
        del self._buffer[:start]
        return messages

    def _end_of_frame(self, start: int) -> int | None:
        """Return where the frame that begins at ``start`` ends; None if bytes are missing."""
        if len(self._buffer) - start < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer, start)
        if not 0 < length <= self._max_bytes:
            raise ProtocolError(
                f"a frame has a length of {length} bytes (allowed: 1 to {self._max_bytes})"
            )
        end = start + _LENGTH.size + length
        return end if end <= len(self._buffer) else None
