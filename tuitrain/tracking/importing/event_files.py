"""Reads event files of TensorBoard, record by record, in bounded memory.

A record is its length (8 bytes), a checksum of the length, its content, and a checksum of that. The
checksums and the messages are those of the package ``tensorboard``.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final

from tuitrain.errors import TuitrainError

from ..extras import load_extra

MAX_CONTENT: Final = 1 << 18
"""Bytes of the largest record that is read: a number needs a hundred, pictures are passed over."""

_HEADER: Final = struct.Struct("<QI")
_CHECKSUM: Final = struct.Struct("<I")
_CHUNK: Final = 1 << 20


class EventFormat:
    """The messages and the checksum of event files.

    Raises
    ------
    TuitrainError : the package is not installed
    """

    def __init__(self) -> None:
        extra = "tensorboard"
        self.event: Any = load_extra("tensorboard.compat.proto.event_pb2", extra).Event
        stub = load_extra("tensorboard.compat.tensorflow_stub.pywrap_tensorflow", extra)
        self.checksum: Callable[[bytes], int] = stub.masked_crc32c


def read_events(path: Path, format: EventFormat) -> Iterator[Any]:
    """Yield the events of a file; a torn end, which a killed program leaves, ends them.

    Raises
    ------
    TuitrainError : the file cannot be read, or is damaged; names the byte
    """
    try:
        with path.open("rb") as file:
            yield from _events(file, path, format)
    except OSError as error:
        raise TuitrainError(f"{path} cannot be read: {error.strerror}") from None


def _events(file: IO[bytes], path: Path, format: EventFormat) -> Iterator[Any]:
    size = os.fstat(file.fileno()).st_size
    at = 0
    while size - at >= _HEADER.size:
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return  # it was cut meanwhile
        length, checksum = _HEADER.unpack(header)
        if format.checksum(header[:8]) != checksum:
            if _is_zero(header, file):
                return  # a crash of the system leaves zeros at the end
            raise _damaged(path, at, "no record of an event file begins there")
        end = at + _HEADER.size + length + _CHECKSUM.size
        if end > size:
            return
        if length <= MAX_CONTENT:
            yield _decode(file.read(length), file.read(_CHECKSUM.size), path, at, format)
        else:
            file.seek(end)
        at = end


def _decode(content: bytes, checksum: bytes, path: Path, at: int, format: EventFormat) -> Any:
    if format.checksum(content) != _CHECKSUM.unpack(checksum)[0]:
        raise _damaged(path, at, "the content of the record differs from its checksum")
    try:
        return format.event.FromString(content)
    except Exception as error:  # the library has errors of its own
        raise _damaged(path, at, f"the record is not an event: {error}") from None


def _damaged(path: Path, at: int, problem: str) -> TuitrainError:
    return TuitrainError(f"{path}, byte {at}: {problem}")


def _is_zero(header: bytes, file: IO[bytes]) -> bool:
    """Whether there are only zeros from here to the end of the file."""
    chunk = header
    while chunk:
        if chunk.strip(b"\0"):
            return False
        chunk = file.read(_CHUNK)
    return True
