"""The files of a live run beside its socket: a lock that lives as long as its process, and facts.

``ID.lock`` has the facts as JSON, and the process of the run has its exclusive lock; ``ID.sock`` is
the socket. Clients take a shared lock for a moment: where they get it, no process has the run. Then
the files are left over, and are removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import socket
import stat
from pathlib import Path
from typing import Final

import msgspec

from tuitrain.after_fork import leave_to_parent
from tuitrain.atomic_io import file_identity
from tuitrain.encoding import to_encodable, truncate_utf8
from tuitrain.errors import TuitrainError

from ..errors import ConnectionProblem
from .lock_file import LockFile, has_owner, take_lock
from .sockets_folder import make_private, make_sockets_folder, open_sockets_folder, sockets_folder

ID_LENGTH: Final = 8
"""Hexadecimal digits of a run's id."""

MAX_NAME_BYTES: Final = 200
"""Maximum number of bytes of a run's name in its facts; a longer one is cut."""

_LOCK_NAME: Final = re.compile(rf"([0-9a-f]{{{ID_LENGTH}}})\.lock")
"""The name of a lock; a file with another name is not of this project, and is left alone."""


class RunFacts(msgspec.Struct, frozen=True):
    """The facts of a live run that are known without a request to it.

    Attributes
    ----------
    id : identifies the run on its machine; made from the folder of its record
    run : the run's name, as `shortened_name` gives it
    folder : of the record
    pid : of the process
    """

    id: str
    run: str
    folder: str
    pid: int

    @property
    def socket(self) -> Path:
        """The path of the socket."""
        return sockets_folder() / f"{self.id}.sock"


def run_id(folder: Path) -> str:
    """Return the id of the run that is recorded in a folder."""
    path = os.fsencode(folder.resolve())
    return hashlib.sha256(path).hexdigest()[:ID_LENGTH]


def shortened_name(name: str) -> str:
    """Return a run's name as lists show it: at most `MAX_NAME_BYTES`, and ``…`` if it is longer."""
    text = to_encodable(name)
    short = truncate_utf8(text, MAX_NAME_BYTES)
    return text if short == text else f"{short}…"


class LiveEntry:
    """The entry of a run of this process in the folder of sockets; it ends with the process.

    Parameters
    ----------
    folder : of the record
    name : of the run

    Raises
    ------
    TuitrainError : another process has this run, or the folder of sockets cannot be used
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._sockets = make_sockets_folder()  # the environment may change meanwhile
        path = to_encodable(str(folder.resolve()))
        self.facts = RunFacts(run_id(folder), shortened_name(name), path, os.getpid())
        self._socket = self.facts.socket
        self._bound: tuple[int, int] | None = None
        self._is_closed = False
        self._lock = self._make_lock()
        leave_to_parent(self)

    @property
    def socket(self) -> Path:
        """The path of the socket, also where the environment has changed meanwhile."""
        return self._socket

    def bind(self) -> socket.socket:
        """Return a listening socket at the entry's path; one that was left over is replaced.

        Only the process with the lock calls this, so no live run loses its socket.

        Raises
        ------
        TuitrainError : the socket cannot be made
        """
        path = self._socket
        _remove_socket(path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            os.fchmod(listener.fileno(), 0o600)  # the mode with which Linux makes the file
            listener.bind(str(path))
            path.chmod(0o600)
            listener.listen(64)
            self._bound = file_identity(path.lstat())
        except OSError as error:
            listener.close()
            raise TuitrainError(f"{path} cannot be made: {error.strerror}") from None
        listener.setblocking(False)
        return listener

    def restore(self) -> socket.socket | None:
        """Make the files again that were removed, as cleaners of temporary folders do.

        Those of another process with this run are left alone.

        Returns
        -------
        A new listening socket, in place of the last one; None if its file is in place

        Raises
        ------
        TuitrainError : they cannot be made, or another process has this run
        """
        if not self._lock.is_in_place:
            make_private(self._sockets)
            lock = self._make_lock(waits=False)
            self._lock.close()
            self._lock = lock
        with contextlib.suppress(OSError):
            if file_identity(self._socket.lstat()) == self._bound:
                return None
        return self.bind()

    def after_fork(self) -> None:
        """Leave the files and the lock to the parent; called in a forked child."""
        if not self._is_closed:
            self._is_closed = True
            self._lock.leave()

    def close(self) -> None:
        """Remove the files, the lock last. Closing again does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._lock.is_in_place:
            _remove_socket(self._socket)
        self._lock.remove()
        self._lock.close()

    def _make_lock(self, waits: bool = True) -> LockFile:
        """Return the lock, with the facts in it.

        Raises
        ------
        TuitrainError : another process has this run, or the file cannot be written
        """
        path = self._sockets / f"{self.facts.id}.lock"
        lock = LockFile(path, f"the run in {self.facts.folder}", waits)
        try:
            lock.write(msgspec.json.encode(self.facts))
        except TuitrainError:
            lock.remove()
            lock.close()
            raise
        return lock


def read_entries() -> list[RunFacts]:
    """Return the facts of all live runs of this user, oldest first; remove files left over.

    Raises
    ------
    ConnectionProblem : the folder of sockets belongs to another user, or others may enter it
    """
    try:
        folder = open_sockets_folder()
    except TuitrainError as error:
        raise ConnectionProblem(str(error)) from None
    if folder is None:
        return []
    try:
        names = os.listdir(folder)  # noqa: PTH208 - a Path takes no descriptor
        ids = [match[1] for name in names if (match := _LOCK_NAME.fullmatch(name))]
        ids.sort(key=lambda identity: _modified_at(f"{identity}.lock", folder))
        return [facts for identity in ids if (facts := _read_live(identity, folder)) is not None]
    except OSError:
        return []
    finally:
        os.close(folder)


def _modified_at(name: str, folder: int) -> float:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime
    except OSError:  # the run has ended meanwhile
        return 0.0


def _read_live(identity: str, folder: int) -> RunFacts | None:
    """Return the facts in a lock that is locked; remove it and its socket if it is not."""
    lock = f"{identity}.lock"
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        descriptor = os.open(lock, flags, dir_fd=folder)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid():
            return None
        if has_owner(descriptor):
            facts = msgspec.json.decode(os.pread(descriptor, 65536, 0), type=RunFacts)
            return facts if facts.id == identity else None
        # Another client may look at it, too; or its run has just removed it.
        if take_lock(descriptor) and os.fstat(descriptor).st_nlink:
            _remove_socket(f"{identity}.sock", folder)
            os.unlink(lock, dir_fd=folder)
    except (OSError, msgspec.DecodeError):  # a run that is just starting has written nothing yet
        return None
    finally:
        os.close(descriptor)
    return None


def _remove_socket(path: str | Path, folder: int | None = None) -> None:
    """Remove a socket that was left over; a file of another kind is left alone."""
    with contextlib.suppress(OSError):
        status = os.stat(path, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISSOCK(status.st_mode):
            os.unlink(path, dir_fd=folder)
