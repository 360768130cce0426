"""Paths that a user has written, checked before they are used."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from .errors import TuitrainError

_NAME_MAX = 255
"""The longest file name in bytes, on all common file systems."""

_SHOWN = 60
"""Characters of a path that an error repeats if the path is too long."""


def user_path(text: str) -> Path:
    """Return the path that a string names, whether or not it exists.

    Raises
    ------
    TuitrainError : no file on this system can have that name
    """
    try:
        os.lstat(text or ".")
        code = 0
    except OSError as error:
        code = error.errno
    except ValueError as error:  # a NUL, or characters that have no bytes
        raise TuitrainError(f"{text[:_SHOWN]!r} cannot be a path: {error}") from None
    # The system does not check a name below a folder that does not exist.
    longest = max(map(len, os.fsencode(text).split(b"/")))
    if code == errno.ENAMETOOLONG or longest > _NAME_MAX:
        raise TuitrainError(f"{text[:_SHOWN]!r}… cannot be a path: it is too long")
    return Path(text)


def output_path(text: str, option: str = "--out") -> Path:
    """Return the path of a file or folder to write, as an option names it.

    Raises
    ------
    TuitrainError : the text is empty, or no file on this system can have that name
    """
    if not text:
        raise TuitrainError(f"{option} names no file or folder: it is empty")
    return user_path(text)


def home_path(text: str) -> Path:
    """Return the path that a string names; ``~`` and ``~USER`` in front are home folders.

    Raises
    ------
    TuitrainError : there is no such user, or no file can have that name
    """
    try:
        return user_path(str(Path(text).expanduser()))
    except RuntimeError:
        user = text.partition("/")[0]
        raise TuitrainError(
            f"{text[:_SHOWN]}: {user[:_SHOWN]} is not a user's home folder (./{user[:_SHOWN]} is a "
            "folder of that name)"
        ) from None


def abbreviated_path(path: str) -> str:
    """Return a path as a line of the screen shows it: ``~`` for the user's home folder."""
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home raises without one
    inside = home.strip("~/") and path.startswith(home.rstrip("/") + "/")
    return f"~{path[len(home.rstrip('/')) :]}" if inside else path
