"""Checks before loading code: only this user and root may be able to write a file.

A path is resolved from the root downwards. If only this user and root can write to a folder, no
other user can exchange its entries afterwards, so there is no gap between check and use. The file
or folder that is finally opened is checked once more, by its descriptor.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path

ROOT = 0
"""The superuser is trusted, as it can change this program too."""

_MAX_LINKS = 40  # the limit of Linux
_GROUP, _OTHERS = stat.S_IWGRP, stat.S_IWOTH
_FILE = "one of its files"


class DistrustError(Exception):
    """A file or folder that another user may have written; the text says why."""


def open_folder(path: Path, create: bool) -> int:
    """Open a folder that no other user can write to or replace.

    Symbolic links in the path are followed if they belong to this user or root.

    Parameters
    ----------
    path : an absolute path; a relative one raises an OSError
    create : create missing folders of the path, with mode 0700; else they are a FileNotFoundError

    Returns
    -------
    A descriptor that the caller must close.

    Raises
    ------
    DistrustError : another user can write to the folder, or to one above it
    OSError : it cannot be created or opened
    """
    if not path.is_absolute():
        raise OSError(errno.ENOENT, "this user has no home folder", str(path))
    folder = _resolve(path, create)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(folder, flags)
    try:
        check_folder(folder, descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def check_folder(path: Path, folder: int) -> None:
    """Check that no other user can write to an open folder; path: its name in errors.

    Raises
    ------
    DistrustError : another user can write to it
    """
    _check_private(str(path), os.fstat(folder))


def open_file(name: str, folder: int) -> int:
    """Open a regular file of an open folder for reading, without following a symbolic link.

    Raises
    ------
    DistrustError : another user may have written it, or it is not a regular file
    OSError : it cannot be opened
    """
    # O_NONBLOCK: without it, a named pipe would wait for a writer.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise DistrustError(f"{_FILE} is a symbolic link") from None
        raise
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise DistrustError(f"{_FILE} is not a regular file")
        _check_private(_FILE, status)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _resolve(path: Path, create: bool) -> Path:
    """Return a path without symbolic links, after checking every folder above it."""
    current, rest, links = Path(path.anchor), list(reversed(path.parts[1:])), 0
    while rest:
        _check_ancestor(current, current.lstat())
        entry = current / rest.pop()
        if entry.name == "..":
            current = current.parent
            continue
        status = _status(entry, create)
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > _MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
            _check_owner(str(entry), status)
            target = entry.readlink()
            rest += reversed(target.parts[1:] if target.is_absolute() else target.parts)
            current = Path(target.anchor) if target.is_absolute() else current
        else:
            current = entry
    return current


def _status(entry: Path, create: bool) -> os.stat_result:
    """Return the status of an entry, without following a link; create a missing folder."""
    try:
        return entry.lstat()
    except FileNotFoundError:
        if not create:
            raise
    with suppress(FileExistsError):  # another process was faster; its folder is checked too
        entry.mkdir(mode=0o700)
    return entry.lstat()


def _check_ancestor(folder: Path, status: os.stat_result) -> None:
    """Check that no other user can exchange an entry of a folder.

    In a sticky folder, such as /tmp, other users can only add entries, which they own.
    """
    _check_owner(str(folder), status)
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    by_group = status.st_mode & _GROUP and not _is_own_group(status.st_gid)
    if (by_group or status.st_mode & _OTHERS) and not status.st_mode & stat.S_ISVTX:
        raise DistrustError(f"other users may write to {folder} (chmod go-w forbids it)")


def _check_private(name: str, status: os.stat_result) -> None:
    """Check that no other user can write to a file or folder."""
    _check_owner(name, status)
    if status.st_mode & (_GROUP | _OTHERS):
        raise DistrustError(f"other users may write to {name} (chmod go-w forbids it)")


def _check_owner(name: str, status: os.stat_result) -> None:
    if status.st_uid not in (os.geteuid(), ROOT):
        owner, user = _name_of(status.st_uid), _name_of(os.geteuid())
        raise DistrustError(f"{name} belongs to {owner}, and this process runs as {user}")


def _is_own_group(group: int) -> bool:
    """Return whether a group is this user's private one: of the same name, without other members.

    Systems with such groups create folders that the group may write to (umask 002).
    """
    try:
        user, entry = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return False
    return entry.gr_name == user.pw_name and set(entry.gr_mem) <= {user.pw_name}


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
