"""A folder of compiled kernels, each in a file that is named by what it was made from.

A file holds a header, a digest of its name and content, and the content. One that is damaged, or
that another user can have written, counts as missing, and is written anew. What is wrong is logged,
once of each kind.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import secrets
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Final

import platformdirs

from .trust import DistrustError, check_folder, open_file, open_folder

_HEADER: Final = b"tuitrain kernel 2\n"
_DIGEST_SIZE: Final = hashlib.sha256().digest_size
_NEW: Final = ".new-"
"""How the name of a file begins that is not whole yet."""

_MAX_SIZE: Final = 1 << 26
"""Bytes; update rules, compiled by Numba, have 140 KiB; what is larger than this is no kernel."""

_ABANDONED: Final = 3600.0
"""Seconds after which a file that is not whole belongs to a process that was killed."""

_logger = logging.getLogger(__name__.rpartition(".")[0])


class KernelStore:
    """Reads and writes the files of one folder.

    Parameters
    ----------
    folder : made on the first `write`, with mode 0700; nothing is kept if it is not absolute
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None
        self._swept = False
        self._logged: set[str] = set()

    def read(self, key: str) -> bytes | None:
        """Return what was written under a key; None if there is nothing that can be used."""
        try:
            file = _content(key, self._open(create=False))
        except FileNotFoundError:
            return None
        except DistrustError as error:
            self._not_kept(str(error))
            return None
        except OSError as error:
            self._not_kept(_reason(error))
            return None
        if isinstance(file, DistrustError):
            self._log("not trusted", f"kernels in {self._folder} are compiled again: {file}")
            return None
        start = len(_HEADER) + _DIGEST_SIZE
        content = file[start:]
        if file[:start] != _HEADER + _digest(key, content):
            self.report_damage()
            return None
        return content

    def report_damage(self) -> None:
        """Log that a file of the folder is damaged."""
        self._log("damaged", f"damaged kernels in {self._folder} are compiled again")

    def write(self, key: str, content: bytes) -> None:
        """Keep something under a key, whole or not at all; never raises an `OSError`."""
        try:
            file = _HEADER + _digest(key, content) + content
            try:
                self._write(self._open(create=True), key, file)
            except FileNotFoundError:  # the folder has been removed since it was opened
                self._descriptor = None
                self._write(self._open(create=True), key, file)
        except DistrustError as error:
            self._not_kept(str(error))
        except OSError as error:
            self._not_kept(_reason(error))

    def _write(self, folder: int, key: str, file: bytes) -> None:
        """Write a file under a name of its own, and give it its name when it is whole."""
        name = _NEW + secrets.token_hex(8)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, 0o600, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "wb") as new:
                new.write(file)
                new.flush()
                self._sweep(folder, os.fstat(descriptor).st_mtime)
            os.replace(name, key, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:  # an interrupt, too
            with suppress(OSError):
                os.unlink(name, dir_fd=folder)
            raise

    def _sweep(self, folder: int, now: float) -> None:
        """Remove, once in a process, what killed processes have left behind."""
        if self._swept:
            return
        self._swept = True
        for name in os.listdir(folder):
            if name.startswith(_NEW):
                with suppress(OSError):
                    if now - os.lstat(name, dir_fd=folder).st_mtime > _ABANDONED:
                        os.unlink(name, dir_fd=folder)

    def _open(self, create: bool) -> int:
        """Return the folder's descriptor; its owner and mode are checked each time.

        The way to it is followed once: that takes ten times as long as to read a file.
        """
        if self._descriptor is None:
            self._descriptor = open_folder(self._folder, create)
            weakref.finalize(self, os.close, self._descriptor)
        else:
            check_folder(self._folder, self._descriptor)
        return self._descriptor

    def _not_kept(self, reason: str) -> None:
        self._log("not kept", f"compiled kernels are not kept in {self._folder}: {reason}")

    def _log(self, kind: str, sentence: str) -> None:
        """Log a sentence, unless one of its kind was: what is wrong with one file is with many.

        Not a warning of Python's: where these are errors (``-W error``), it would end the run.
        """
        if kind not in self._logged:
            self._logged.add(kind)
            _logger.warning(sentence)


@functools.cache
def get_store(folder: Path) -> KernelStore:
    """Return the store of a folder, the same one each time."""
    return KernelStore(folder)


def kernel_folder() -> Path:
    """Return where this user's compiled kernels are kept.

    Where the user has no home, the path is relative, and a store there keeps nothing.
    """
    try:
        caches = platformdirs.user_cache_path("tuitrain")
    except RuntimeError:  # older versions return a path that begins with ~
        caches = Path("~", ".cache", "tuitrain")
    return caches / "kernels"


def _content(key: str, folder: int) -> bytes | DistrustError:
    """Return what is in a file, or why it is not read."""
    try:
        descriptor = open_file(key, folder)
    except DistrustError as error:
        return error
    with os.fdopen(descriptor, "rb") as file:
        return file.read(_MAX_SIZE)


def _digest(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + content).digest()


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
