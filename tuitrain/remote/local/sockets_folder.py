"""The folder of this user's sockets: its place, its owner and its mode are checked."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from tuitrain.errors import TuitrainError

MAX_SOCKET_PATH: Final = 100
"""Maximum number of bytes of a socket's path; the system's limit is 104 (macOS) or 108 (Linux)."""

_PRIVATE: Final = 0o700


def sockets_folder() -> Path:
    """Return the folder of this user's sockets, which may not exist yet.

    It is ``tuitrain`` in ``XDG_RUNTIME_DIR``; without that, or if its path is too long for a
    socket, ``tuitrain-UID`` in the folder for temporary files.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and Path(runtime).is_absolute() and Path(runtime).is_dir():
        folder = Path(runtime) / "tuitrain"
        if _fits(folder):
            return folder
    folder = Path(tempfile.gettempdir()) / f"tuitrain-{os.getuid()}"
    return folder if _fits(folder) else Path(f"/tmp/tuitrain-{os.getuid()}")


def make_sockets_folder() -> Path:
    """Return the folder of this user's sockets, made if it does not exist; see `make_private`."""
    return make_private(sockets_folder())


def make_private(folder: Path) -> Path:
    """Return a folder for sockets, made if it does not exist.

    Raises
    ------
    TuitrainError : it cannot be made, belongs to another user, or others may enter it
    """
    try:
        if not folder.is_symlink():  # a link is refused below
            folder.mkdir(mode=_PRIVATE, exist_ok=True)
        check_private(folder)
    except OSError as error:
        raise TuitrainError(f"{folder} cannot be made: {error.strerror}") from None
    return folder


def open_sockets_folder() -> int | None:
    """Return a descriptor of the folder of sockets, which was checked; None if there is none.

    Reading and removing through the descriptor affects the folder that was checked, even if its
    path leads elsewhere meanwhile.

    Raises
    ------
    TuitrainError : it cannot be opened, belongs to another user, or others may enter it
    """
    folder = sockets_folder()
    try:
        check_private(folder)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TuitrainError(f"{folder} cannot be used: {error.strerror}") from None
    try:
        _check_status(folder, os.fstat(descriptor))
    except TuitrainError:
        os.close(descriptor)
        raise
    return descriptor


def check_private(folder: Path) -> None:
    """Check that a folder is one, belongs to this user, and that no other user may enter it.

    Raises
    ------
    TuitrainError : it is otherwise; names the owner or the mode
    OSError : there is no such folder, or it cannot be looked at
    """
    _check_status(folder, folder.lstat())  # a link could lead into a folder of another user


def _check_status(folder: Path, status: os.stat_result) -> None:
    if not stat.S_ISDIR(status.st_mode):
        raise TuitrainError(
            f"{folder} is not a folder; remove it, so that sockets can be made there"
        )
    if status.st_uid != os.getuid():
        raise TuitrainError(
            f"{folder} belongs to user {status.st_uid}, not to {os.getuid()}; set XDG_RUNTIME_DIR "
            "to a folder of your own"
        )
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise TuitrainError(f"{folder} has mode {mode:o}, so others may enter it; use: chmod 700")


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder)) + len("/12345678.sock") <= MAX_SOCKET_PATH
