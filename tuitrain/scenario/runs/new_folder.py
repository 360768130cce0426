"""Names of new folders of records: two processes never get the same one."""

from __future__ import annotations

import itertools
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

KEPT_SECONDS: Final = 3600.0
"""Seconds after which a reservation is removed. A name contains the second in which it was made, so
only processes that start together can ask for the same one."""


def reserve_folder(parent: Path, stem: str, reservations: Path) -> Path:
    """Return ``parent/stem``, or ``stem-2`` etc. if another process has that name.

    Parameters
    ----------
    parent : of the folders, which are not made
    reservations : a folder with an empty file for each name that was given to a process
    """
    for number in itertools.count(1):
        folder = parent / (stem if number == 1 else f"{stem}-{number}")
        try:
            if not folder.exists() and _reserve(reservations, folder.name):
                return folder
        except OSError:  # such as a file system that is read-only: the record says so
            return folder
    raise AssertionError


def _reserve(reservations: Path, name: str) -> bool:
    """Reserve a name; return whether no other process has it."""
    reservations.mkdir(parents=True, exist_ok=True)
    for path in reservations.iterdir():
        with suppress(OSError):  # another process has removed it
            if time.time() - path.stat().st_mtime > KEPT_SECONDS:
                path.unlink()
    try:
        os.close(os.open(reservations / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    return True
