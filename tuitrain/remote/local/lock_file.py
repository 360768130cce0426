"""A lock file, which is locked until its process ends."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from tuitrain.after_fork import disconnect
from tuitrain.errors import TuitrainError

BUSY_SECONDS: Final = 0.3
"""Seconds in which a lock that another process has may become free: a client takes it for a moment
to see whether it was left over."""


class LockFile:
    """A file that this process has locked.

    Parameters
    ----------
    path : of the file, which is made if it does not exist
    owner : the locked object, as errors name it: ``the run in FOLDER``
    patience : seconds to wait for a lock that another process has

    Raises
    ------
    TuitrainError : another process has locked it, or it cannot be written
    """

    def __init__(self, path: Path, owner: str, patience: float = BUSY_SECONDS) -> None:
        self._path = path
        self._descriptor = _open_locked(path, owner, patience)
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


def file_identity(status: os.stat_result) -> tuple[int, int]:
    """Return what identifies a file on its machine, as long as it exists."""
    return status.st_dev, status.st_ino


def take_lock(descriptor: int) -> bool:
    """Lock a file until it is closed; return whether no other process holds the lock."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open_locked(path: Path, owner: str, patience: float) -> int:
    """Return the descriptor of a lock file that this process has locked.

    Raises
    ------
    TuitrainError : another process has locked it, or it cannot be written
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    give_up_at = time.monotonic() + patience
    while True:
        try:
            descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise TuitrainError(f"{path} cannot be written: {error.strerror}") from None
        if not take_lock(descriptor):
            os.close(descriptor)
            if time.monotonic() >= give_up_at:
                raise TuitrainError(f"{owner} is live in another process")
            time.sleep(BUSY_SECONDS / 10)
            continue
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)  # removed as a file left over, just before it was locked
