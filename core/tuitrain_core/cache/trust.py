"""Trust in files that are executed: only this user and root may be able to write them.

A path is followed from the root downwards. Once a folder is known to be writable by this user and
root alone, no other user can exchange what it contains, so that every later look at its entries
sees the same ones: there is no gap between check and use. What is opened in the end is checked once
more, by its descriptor.
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
"""The superuser is trusted: he can change this program as well as what it reads."""

_MAX_LINKS = 40  # as Linux has it
_GROUP, _OTHERS = stat.S_IWGRP, stat.S_IWOTH
_FILE = "one of its files"


class DistrustError(Exception):
    """A file or folder that another user can have written; the text says why."""


def open_folder(path: Path, create: bool) -> int:
    """Open a folder that no other user can write to, nor exchange for another one.

    Symbolic links on the way are followed if they are this user's or root's.

    Parameters
    ----------
    path : absolute, or there is no such folder
    create : make what is missing of the path, with mode 0700; else it is a `FileNotFoundError`

    Returns
    -------
    A descriptor, to be closed by the caller.

    Raises
    ------
    DistrustError : another user can write to the folder, or to one on the way
    OSError : it cannot be made or opened
    """
    if not path.is_absolute():
        raise OSError(errno.ENOENT, "this user has no home folder", str(path))
    folder = _followed(path, create)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(folder, flags)
    try:
        check_folder(folder, descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def check_folder(path: Path, folder: int) -> None:
    """Check that no other user can write to an open folder, which is called ``path`` in errors.

    Raises
    ------
    DistrustError : another user can
    """
    _check_private(str(path), os.fstat(folder))


def open_file(name: str, folder: int) -> int:
    """Open a regular file of an open folder for reading; a symbolic link is not followed.

    Raises
    ------
    DistrustError : another user can have written it, or it is no regular file
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
            raise DistrustError(f"{_FILE} is no regular file")
        _check_private(_FILE, status)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _followed(path: Path, create: bool) -> Path:
    """Return a path without symbolic links; every folder on the way is checked."""
    at, rest, links = Path(path.anchor), list(reversed(path.parts[1:])), 0
    while rest:
        _check_on_the_way(at, at.lstat())
        entry = at / rest.pop()
        if entry.name == "..":
            at = at.parent
            continue
        status = _status(entry, create)
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > _MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
            _check_owner(str(entry), status)
            target = entry.readlink()
            rest += reversed(target.parts[1:] if target.is_absolute() else target.parts)
            at = Path(target.anchor) if target.is_absolute() else at
        else:
            at = entry
    return at


def _status(entry: Path, create: bool) -> os.stat_result:
    """Return the status of an entry, not following a link; the folder is made if it is missing."""
    try:
        return entry.lstat()
    except FileNotFoundError:
        if not create:
            raise
    with suppress(FileExistsError):  # another process was faster; its folder is checked like any
        entry.mkdir(mode=0o700)
    return entry.lstat()


def _check_on_the_way(folder: Path, status: os.stat_result) -> None:
    """Check that no other user can exchange an entry of a folder.

    In a sticky folder, such as /tmp, others can add entries only; these have their own owners.
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
    """Whether a group is the one that a user has to himself: of his name, with no other member.

    Systems that give every user such a group create folders that it may write to (umask 002).
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
