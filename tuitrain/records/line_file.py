"""A record's file of lines: appended to by one process, a line at a time."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from tuitrain.after_fork import disconnect, leave_to_parent
from tuitrain.atomic_io import file_identity
from tuitrain.errors import TuitrainError


class LineFile:
    """A file of lines, opened for appending.

    Each line is written with one unbuffered call, so a killed process leaves complete lines, except
    for the last one. Lines that a forked child appends are dropped.

    Parameters
    ----------
    path : the file; it is created if it does not exist

    Raises
    ------
    OSError : it cannot be opened
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o666)
        self._identity = file_identity(os.fstat(self._descriptor))
        self._is_left = False
        leave_to_parent(self)

    def __enter__(self) -> LineFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            if self._is_left or file_identity(os.fstat(self._descriptor)) == self._identity:
                os.close(self._descriptor)
        self._descriptor = -1

    def after_fork(self) -> None:
        """Leave the file and its lock to the parent; called in a forked child."""
        if self._descriptor >= 0:
            self._is_left = True
            disconnect(self._descriptor)

    def lock(self) -> None:
        """Keep other processes from writing this record while the file is open.

        The lock ends with the process, however it ends. It does not keep readers out, and does
        nothing on a file system without locks.

        Raises
        ------
        TuitrainError : another process writes this record
        """
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TuitrainError(
                f"{self.path.parent} is being written by a run; end that run first"
            ) from None
        except OSError:
            return

    def cut_torn_line(self) -> None:
        """Cut the file after its last whole line.

        Raises
        ------
        OSError : it cannot be read or cut
        """
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self.path, whole)

    def append(self, line: bytes) -> None:
        """Write a line, which ends with a line feed.

        Raises
        ------
        OSError : the disk is full, the file cannot be written, or it was removed; or its descriptor
            was closed, and may be that of another file
        """
        if self._is_left:
            return
        status = os.fstat(self._descriptor)  # 0.5 µs
        if file_identity(status) != self._identity:
            raise OSError(errno.EBADF, f"the descriptor of {self.path.name} was closed")
        if not status.st_nlink and not self._is_at_path(status.st_ino):
            raise OSError(errno.ENOENT, f"{self.path.name} was removed")
        if os.write(self._descriptor, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _is_at_path(self, inode: int) -> bool:
        """Whether the file is still at its path: some file systems count no links."""
        try:
            return self.path.stat().st_ino == inode
        except OSError:
            return False

    def sync(self) -> None:
        """Wait until all lines are on disk.

        Raises
        ------
        OSError : they cannot be written there
        """
        os.fsync(self._descriptor)
