"""Arrays in NPZ files, the archives that ``numpy.savez`` writes.

An array is read only after its header was compared with the sizes in the archive, and these with
the size of the file: a damaged or hostile file takes no memory. Pickled objects are not read.

Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import math
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

from ..errors import DataError, describe_unknown
from ..ops.base import Array

ALWAYS_ALLOWED: Final = 64 << 20
"""Bytes that are unpacked from any file, whatever its size."""

MAX_RATIO: Final = 100
"""Largest compression ratio of larger arrays."""

MAX_BYTES: Final = 8 << 30
"""Bytes of an array, unpacked."""

MAX_MEMBERS: Final = 10_000
"""Arrays of an archive, whose names are all listed."""


@dataclass(frozen=True, slots=True)
class ArrayInfo:
    """The header of an array in an archive."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool


def read_npz_headers(path: str | os.PathLike[str]) -> list[ArrayInfo]:
    """Return what an NPZ file has, without reading the arrays.

    Raises
    ------
    DataError : the file is damaged
    """
    path = Path(path)
    with opened_npz(path) as archive:
        headers = []
        for name in array_names(archive):
            with archive.open(f"{name}.npy") as file:
                headers.append(_read_header(file, path, name))
        return headers


def read_npz_array(path: str | os.PathLike[str], name: str) -> Array:
    """Return one array of an NPZ file.

    Raises
    ------
    DataError : the file is damaged, or has no such array
    """
    path = Path(path)
    with opened_npz(path) as archive:
        check_known(path, "array", name, list(array_names(archive)))
        return read_array(archive, path, name)


@contextmanager
def opened_npz(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive; report what prevents its reading.

    Raises
    ------
    DataError : the file cannot be read, or is damaged
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if len(archive.infolist()) > MAX_MEMBERS:
                raise DataError(f"{path}: has more than {MAX_MEMBERS} arrays")
            yield archive
    except DataError:
        raise
    except zipfile.BadZipFile as error:
        raise DataError(f"{path}: not a whole NPZ file: {error}") from None
    except (EOFError, zlib.error, NotImplementedError, RuntimeError, KeyError) as error:
        raise DataError(f"{path}: cannot be read as NPZ: {error}") from None
    except (OSError, ValueError) as error:  # a ValueError: a path with a NUL
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path!s:.200}: cannot be read: {reason}") from None


def array_names(archive: zipfile.ZipFile) -> Iterator[str]:
    """Return the names of the arrays in an archive, each once."""
    names = (entry.filename for entry in archive.infolist())
    return (name.removesuffix(".npy") for name in dict.fromkeys(names) if name.endswith(".npy"))


def read_array(archive: zipfile.ZipFile, path: Path, name: str) -> Array:
    """Read an array of an archive, after its size was checked.

    Raises
    ------
    DataError : the array is damaged, too large, or of no numbers
    """
    entry = archive.getinfo(f"{name}.npy")
    size = path.stat().st_size
    if entry.compress_size > size or entry.file_size > min(
        MAX_BYTES, max(ALWAYS_ALLOWED, entry.compress_size * MAX_RATIO)
    ):
        raise DataError(
            f"{path}: array {name!r} would unpack to {entry.file_size} bytes from "
            f"{entry.compress_size}, which is more than is read"
        )
    with archive.open(entry) as file:
        info = _read_header(file, path, name)
        if info.dtype.kind not in "iufb":
            raise DataError(
                f"{path}: array {name!r} must have numbers, but has {info.dtype} {info.shape}"
            )
        count = math.prod(info.shape)
        expected = count * info.dtype.itemsize
        if expected > entry.file_size:
            raise DataError(
                f"{path}: array {name!r} has the shape {info.shape}, {expected} bytes, but the "
                f"archive has {entry.file_size} for it"
            )
        content = file.read(expected + 1)
    if len(content) != expected:
        raise DataError(
            f"{path}: array {name!r} has the shape {info.shape}, {expected} bytes, but "
            f"{'more' if len(content) > expected else len(content)} are there"
        )
    array = np.frombuffer(content, info.dtype, count)
    array = array.reshape(info.shape, order="F" if info.fortran else "C")
    return array.astype(info.dtype.newbyteorder("="), copy=False)


def _read_header(file: IO[bytes], path: Path, name: str) -> ArrayInfo:
    try:
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"version {version} of the format is not read")
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, fortran, dtype = read(file)
    except Exception as error:  # NumPy parses the header as Python, which fails in many ways
        message = " ".join(str(error).split())
        raise DataError(f"{path}: array {name!r} has no readable header: {message:.200}") from None
    if not all(isinstance(size, int) and size >= 0 for size in shape):
        raise DataError(f"{path}: array {name!r} has the impossible shape {shape}")
    return ArrayInfo(name, dtype, tuple(shape), bool(fortran))


def check_known(path: Path, what: str, name: str, names: Sequence[str]) -> None:
    """Check that a file has an array.

    Raises
    ------
    DataError : says what has the name, and which names there are
    """
    if name not in names:
        known = list(names[:20])
        raise DataError(f"{path}: {what} {describe_unknown(name, known)}")
