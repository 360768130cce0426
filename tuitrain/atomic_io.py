"""Files that are written whole or not at all, and what identifies a file."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
"""In a folder of many users, such as /tmp, a link could lead to any file of this user's."""


def write_atomic(path: Path, content: bytes, durable: bool = True) -> None:
    """Write a file whole or not at all.

    Parameters
    ----------
    durable : wait until the file and its name are on the disk

    Raises
    ------
    OSError : it cannot be written; a file that existed is unchanged
    """
    partial = path.with_name(path.name + ".partial")
    try:
        with os.fdopen(os.open(partial, _FLAGS, 0o666), "wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:  # an interrupt, too
        with suppress(OSError):
            partial.unlink()  # on a full disk every byte counts
        raise
    if durable:
        _sync_folder(path.parent)


def file_identity(status: os.stat_result) -> tuple[int, int]:
    """Return what identifies a file on its machine, as long as it exists."""
    return status.st_dev, status.st_ino


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
