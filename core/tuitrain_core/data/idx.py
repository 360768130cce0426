"""The IDX file format of MNIST, plain or compressed with gzip: reading and writing of arrays.

A malformed file raises a `DataError` before memory is allocated for the sizes in its header.

Format: two zero bytes, one byte for the type of the elements, one for the number of axes, the size
of each axis as a big-endian uint32, then the elements, big-endian, last axis fastest.
http://yann.lecun.com/exdb/mnist/
"""

from __future__ import annotations

import gzip
import io
import math
import os
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..errors import DataError
from ..ops.base import Array

ELEMENT_TYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype(">u1"),
    0x09: np.dtype(">i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
_CODES = {dtype.newbyteorder("="): code for code, dtype in ELEMENT_TYPES.items()}
_MAX_AXES = 8  # images have 3, or 4 with channels
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_RATIO = 1032  # deflate stores at best 258 bytes in 2 bits
_PIECE = 1 << 20  # bytes that are unpacked at a time

_ALWAYS_ALLOWED = 64 << 20
"""Bytes that are unpacked from any gzip file, whatever its size."""

_MAX_RATIO = 100
"""Largest compression ratio of larger arrays. Images of MNIST have a ratio of 6, labels of 2.
A file of zeros has 1000: 3 MB would take 3 GB of memory."""


def read_idx(path: str | os.PathLike[str]) -> Array:
    """Read an IDX file, plain or gzip; its content decides, not its name.

    Returns
    -------
    An array in the machine's byte order, of the file's shape and type.

    Raises
    ------
    DataError : the file cannot be read or is malformed; names the path, the content and what was
        expected
    """
    path = Path(path)
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            size = os.fstat(raw.fileno()).st_size
            if not packed:
                return _read(raw, path, size)
            with gzip.GzipFile(fileobj=raw) as unpacked:
                limit = max(_ALWAYS_ALLOWED, size * _MAX_RATIO)
                return _read(unpacked, path, min(limit, size * _GZIP_RATIO))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: not a whole gzip file: {error}") from error
    except DataError:
        raise
    except (OSError, ValueError) as error:  # a ValueError: a path with a NUL
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path!s:.200}: cannot be read: {reason}") from error


def write_idx(path: str | os.PathLike[str], array: Array) -> None:
    """Write an array as an IDX file, compressed if the name ends in ``.gz``.

    The same array gives the same bytes: the gzip header has neither a name nor a time.

    Raises
    ------
    DataError : the array's type or shape has no IDX form
    """
    path = Path(path)
    code = _CODES.get(array.dtype.newbyteorder("="))
    if code is None:
        allowed = ", ".join(str(dtype) for dtype in _CODES)
        raise DataError(f"{path}: IDX holds {allowed}, but the array is {array.dtype}")
    if not 1 <= array.ndim <= _MAX_AXES or array.size == 0:
        raise DataError(f"{path}: IDX needs 1 to {_MAX_AXES} axes, none empty; not {array.shape}")
    header = bytes([0, 0, code, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    content = header + array.astype(ELEMENT_TYPES[code]).tobytes()
    with path.open("wb") as raw:
        if path.suffix != ".gz":
            raw.write(content)
            return
        with gzip.GzipFile("", "wb", compresslevel=9, fileobj=raw, mtime=0) as packed:
            packed.write(content)


def _read(stream: IO[bytes] | gzip.GzipFile, path: Path, capacity: int) -> Array:
    """Read header and elements, at most ``capacity`` bytes."""
    dtype, shape = _read_header(stream, path)
    expected = math.prod(shape) * dtype.itemsize
    if expected > capacity:
        raise DataError(
            f"{path}: the header promises shape {shape}, {expected} bytes, "
            f"but from a file of this size {capacity} are read at most"
        )
    content = _read_up_to(stream, expected + 1)
    if len(content) < expected:
        raise DataError(
            f"{path}: truncated: shape {shape} needs {expected} bytes, found {len(content)}"
        )
    if len(content) > expected:
        raise DataError(f"{path}: more bytes follow after the {expected} of shape {shape}")
    return np.frombuffer(content, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _read_header(
    stream: IO[bytes] | gzip.GzipFile, path: Path
) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise DataError(f"{path}: not an IDX file: it begins with {magic!r}, expected two zeros")
    if magic[2] not in ELEMENT_TYPES:
        known = ", ".join(f"{code:#04x} {dtype.name}" for code, dtype in ELEMENT_TYPES.items())
        raise DataError(f"{path}: unknown element type {magic[2]:#04x}, expected one of {known}")
    axes = magic[3]
    if not 1 <= axes <= _MAX_AXES:
        raise DataError(f"{path}: {axes} axes, expected 1 to {_MAX_AXES}")
    sizes = stream.read(4 * axes)
    if len(sizes) < 4 * axes:
        raise DataError(f"{path}: truncated in the header: {axes} axes need {4 * axes} bytes")
    shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
    if 0 in shape:
        raise DataError(f"{path}: shape {shape} has an empty axis, expected sizes of 1 or more")
    return ELEMENT_TYPES[magic[2]], shape


def _read_up_to(stream: IO[bytes] | gzip.GzipFile, count: int) -> bytes:
    """Read up to ``count`` bytes in pieces: memory is allocated for present content only."""
    content = io.BytesIO()
    while (left := count - content.tell()) > 0:
        piece = stream.read(min(left, _PIECE))
        if not piece:
            break
        content.write(piece)
    return content.getvalue()
