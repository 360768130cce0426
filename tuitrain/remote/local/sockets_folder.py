"""The folder of this user's sockets: its place, its owner and its mode are checked."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from tuitrain.errors import TuitrainError

MAX_SOCKET_PATH: Final = 100
"""The most bytes of a socket's path; the system's limit is 104 (macOS) or 108 (Linux)."""

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
    """Return the folder of this user's sockets, made if it does not exist.

    Raises
    ------
    TuitrainError : it cannot be made, belongs to another user, or others may enter it
    """
    folder = sockets_folder()
    try:
        folder.mkdir(mode=_PRIVATE, exist_ok=True)
    except OSError as error:
        raise TuitrainError(f"{folder} cannot be made: {error.strerror}") from None
    check_private(folder)
    return folder


def check_private(folder: Path) -> None:
    """Check that a folder is one, belongs to this user, and that no other user may enter it.

    Raises
    ------
    TuitrainError : it is otherwise; names the owner or the mode
    """
    try:
        status = folder.lstat()  # a link could lead into a folder of another user
    except OSError as error:
        raise TuitrainError(f"{folder} cannot be used: {error.strerror}") from None
    if not stat.S_ISDIR(status.st_mode):
        raise TuitrainError(f"{folder} is no folder; remove it, so that sockets can be made there")
    if status.st_uid != os.getuid():
        raise TuitrainError(f"{folder} belongs to user {status.st_uid}, not to {os.getuid()}")
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise TuitrainError(f"{folder} has mode {mode:o}, so others may enter it; use: chmod 700")


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder)) + len("/12345678.sock") <= MAX_SOCKET_PATH
