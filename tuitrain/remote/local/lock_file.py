"""A lock file, which is locked until its process ends."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from tuitrain.after_fork import disconnect
from tuitrain.atomic_io import file_identity
from tuitrain.errors import TuitrainError

BUSY_SECONDS: Final = 0.3
"""Seconds to wait for the exclusive lock of another process, which may be just ending, or removing
a file that was left over."""

PROBE_SECONDS: Final = 10.0
"""Seconds to wait for shared locks: clients that look for live runs take them for a moment, longer
where they are suspended or the machine is busy."""

_RETRY_SECONDS: Final = 0.03
"""Seconds between two attempts to take a lock."""


class LockFile:
    """A file on which this process has an exclusive lock.

    Parameters
    ----------
    path : of the file, which is made if it does not exist
    owner : the locked object, as errors name it: ``the run in FOLDER``
    waits : whether to wait for a lock of another process: `BUSY_SECONDS`, or `PROBE_SECONDS` if it
        is a shared one

    Raises
    ------
    TuitrainError : another process has locked it, or it cannot be written
    """

    def __init__(self, path: Path, owner: str, waits: bool = True) -> None:
        self._path = path
        self._descriptor = _open_locked(path, owner, waits)
        self._file = file_identity(os.fstat(self._descriptor))

    @property
    def is_in_place(self) -> bool:
        """Whether the path leads to this file, and it is open."""
        with suppress(OSError):
            return self._is_open() and file_identity(self._path.lstat()) == self._file
        return False

    def write(self, content: bytes) -> None:
        """Replace the content.

        Raises
        ------
        TuitrainError : it cannot be written, as on a full disk
        """
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, content, 0)
        except OSError as error:
            raise TuitrainError(f"{self._path} cannot be written: {error.strerror}") from None

    def remove(self) -> None:
        """Remove the file, if the path still leads to it."""
        with suppress(OSError):
            if self.is_in_place:
                self._path.unlink()

    def close(self) -> None:
        """End the lock."""
        with suppress(OSError):
            if self._is_open():
                os.close(self._descriptor)

    def leave(self) -> None:
        """Leave the lock to the parent; called in a forked child."""
        disconnect(self._descriptor)

    def _is_open(self) -> bool:
        """Whether the descriptor leads to this file: a script may have closed it.

        Raises
        ------
        OSError : it is closed
        """
        return file_identity(os.fstat(self._descriptor)) == self._file


def has_owner(descriptor: int) -> bool:
    """Whether another process has the exclusive lock of a file.

    If not, the descriptor has a shared lock of the file until it is closed.
    """
    return not _lock(descriptor, fcntl.LOCK_SH)


def take_lock(descriptor: int) -> bool:
    """Take the exclusive lock of a file until it is closed; return whether it was free."""
    return _lock(descriptor, fcntl.LOCK_EX)


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open_locked(path: Path, owner: str, waits: bool) -> int:
    """Return the descriptor of a lock file that this process has locked.

    Raises
    ------
    TuitrainError : another process has locked it, or it cannot be written
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    started = time.monotonic()
    while True:
        try:
            descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise TuitrainError(f"{path} cannot be written: {error.strerror}") from None
        if take_lock(descriptor):
            if os.fstat(descriptor).st_nlink:
                return descriptor
            os.close(descriptor)  # removed as a file left over, just before it was locked
            continue
        is_owned = has_owner(descriptor)
        os.close(descriptor)
        limit = BUSY_SECONDS if is_owned else PROBE_SECONDS
        if not waits or time.monotonic() - started >= limit:
            raise TuitrainError(
                f"{owner} is live in another process"
                if is_owned
                else f"{path} is locked by a process that looks for live runs"
            )
        time.sleep(_RETRY_SECONDS)
