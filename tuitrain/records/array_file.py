"""Named arrays in one file, with a digest of all: NumPy's ``.npz``, read with checks.

A file is a zip of ``.npy`` members that are stored, not compressed, as `numpy.savez` writes them: a
member is never larger than the file, and its header is checked against the member's size before
memory is allocated. One more member is the digest. Nothing is pickled.
"""

from __future__ import annotations

import hashlib
import io
import math
import zipfile
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from tuitrain.engines.state import Array
from tuitrain.errors import CheckpointError

DIGEST_MEMBER = "digest"
"""The name of the member with the digest of the others."""

_SUFFIX = ".npy"
_KINDS = "biuf"
"""Kinds of elements: bool, integers with and without sign, floats."""


def pack(arrays: Mapping[str, Array]) -> bytes:
    """Return the content of a file of these arrays and of their digest."""
    content = io.BytesIO()
    digest = np.frombuffer(compute_digest(arrays).encode(), np.uint8)
    np.savez(content, allow_pickle=False, **arrays, **{DIGEST_MEMBER: digest})
    return content.getvalue()


def unpack(path: Path, names: Iterable[str] | None = None) -> dict[str, Array]:
    """Read arrays from a file, each in its own memory.

    Parameters
    ----------
    names : the arrays to read (default: all, with their digest)

    Raises
    ------
    OSError : the file cannot be read
    KeyError : one of the names is missing
    Exception : the file is damaged; a zip can fail in many ways
    """
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        members = _members(archive, path.stat().st_size)
        if names is not None:
            return {name: _array(archive, members[name]) for name in names}
        return {name: _array(archive, member) for name, member in members.items()}


def check_digest(arrays: Mapping[str, Array]) -> None:
    """Compare all arrays of a file with its digest; files of early versions have none.

    Raises
    ------
    ValueError : the digest does not match the content
    """
    others = {name: array for name, array in arrays.items() if name != DIGEST_MEMBER}
    if (
        DIGEST_MEMBER in arrays
        and arrays[DIGEST_MEMBER].tobytes() != compute_digest(others).encode()
    ):
        raise ValueError("its content does not match its digest")


@contextmanager
def describing_errors(path: Path, kind: str) -> Generator[None]:
    """Turn errors of reading a file inside into one that names it.

    Parameters
    ----------
    kind : what the file should be, as in ``checkpoint``

    Raises
    ------
    CheckpointError : there is no such file, it cannot be read, or it is damaged
    """
    try:
        yield
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from None
    except Exception as error:  # a damaged zip or array can fail in many ways
        raise CheckpointError(f"{path} is damaged, or not a {kind}: {problem(error)}") from None


def problem(error: Exception) -> str:
    """Return the message of an error that was raised while an array or an entry was read."""
    return f"unknown entry {error}" if isinstance(error, KeyError) else str(error) or repr(error)


def compute_digest(arrays: Mapping[str, Array]) -> str:
    """Return the SHA-256 of names, types, shapes and bytes, as ``"sha256:…"``."""
    total = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        # Use the shape of the original: a contiguous copy has at least one axis.
        total.update(f"{name!r} {array.dtype.str} {np.shape(arrays[name])}\n".encode())
        total.update(array.tobytes())
    return f"sha256:{total.hexdigest()}"


def _members(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """Return the members by array name, after checking that the file can hold them.

    Raises
    ------
    ValueError : a member is not a stored array, occurs twice, or is larger than the file
    """
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(_SUFFIX)
        if name == info.filename:
            raise ValueError(
                f"{info.filename!r:.80} is not an array: its name does not end in .npy"
            )
        if name in members:
            raise ValueError(f"{name!r:.80} is in it twice")
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise ValueError(f"{name!r:.80} is compressed, and arrays are stored as they are")
        members[name] = info
    promised = sum(info.file_size for info in members.values())
    if promised > size:
        raise ValueError(f"its arrays promise {promised} bytes, but the file has {size}")
    return members


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Array:
    """Read one array, after checking its header against the member's size."""
    with archive.open(info) as member:
        shape, fortran, dtype = _header(member)
        if dtype.kind not in _KINDS:
            raise ValueError(f"{info.filename!r:.80} holds {dtype}, not numbers")
        promised, actual = math.prod(shape) * dtype.itemsize, info.file_size - member.tell()
        if promised != actual or any(length < 0 for length in shape):
            raise ValueError(
                f"{info.filename!r:.80} promises {dtype} {shape}, {promised} bytes; it has {actual}"
            )
        content = bytearray(member.read(actual))
    return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran else "C")


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(member)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(member)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(member)
    raise ValueError(f"an array of format {version[0]}.{version[1]}; this version reads 1.0, 2.0")
