"""Files of a record: written whole or not at all, or a line at a time, and by one process alone.

A record that two processes write at once is the record of neither.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from tuitrain.errors import TuitrainError

_WHOLE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
"""In a folder of many users, such as /tmp, a link could lead to any file of this user's."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, and see it and its name to the disk.

    Raises
    ------
    OSError : it cannot be written; a file that was there is as it was
    """
    partial = path.with_name(path.name + ".partial")
    try:
        with os.fdopen(os.open(partial, _WHOLE, 0o666), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:  # an interrupt, too
        with suppress(OSError):
            partial.unlink()  # on a full disk every byte counts
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def appending(path: Path) -> BinaryIO:
    """Open a file of lines: what is written is appended, with one unbuffered call each.

    Raises
    ------
    OSError : it cannot be opened
    """
    return path.open("ab", buffering=0)


def hold_alone(file: BinaryIO, folder: Path) -> None:
    """Keep others from writing a record for as long as this file of it is open.

    The lock goes with the process, however it ends. Whoever only reads is not kept from it, and on
    a file system that knows no locks nobody is.

    Raises
    ------
    TuitrainError : somebody writes there
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise TuitrainError(
            f"{folder} is being written: a run goes on there; end it first"
        ) from None
    except OSError:
        return


def cut_torn_line(path: Path) -> None:
    """Cut a file of lines off after its last whole one.

    Raises
    ------
    OSError : it cannot be read or cut
    """
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)
