"""A folder of compiled kernels, one file per kernel, named by a digest of its sources.

A file has a header, a digest of its name and content, and the content. A damaged file, or one that
another user may have written, counts as missing and is written again. Every kind of problem is
logged once.
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
"""Prefix of the name of an incomplete file."""

_MAX_SIZE: Final = 1 << 26
"""Maximum bytes of a file; the largest kernels, update rules compiled by Numba, have 140 KiB."""

_ABANDONED: Final = 3600.0
"""Seconds after which an incomplete file is taken for that of a killed process."""

_logger = logging.getLogger(__name__.rpartition(".")[0])


class KernelStore:
    """The files of one folder.

    Parameters
    ----------
    folder : created by the first `write`, with mode 0700; a relative path stores nothing
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None
        self._swept = False
        self._logged: set[str] = set()

    def read(self, key: str) -> bytes | None:
        """Return the content of a key; None if there is no usable file."""
        try:
            file = _content(key, self._open(create=False))
        except FileNotFoundError:
            return None
        except DistrustError as error:
            self._log_unusable(str(error))
            return None
        except OSError as error:
            self._log_unusable(_reason(error))
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
        """Store the content of a key atomically; problems are logged, never raised."""
        try:
            file = _HEADER + _digest(key, content) + content
            try:
                self._write(self._open(create=True), key, file)
            except FileNotFoundError:  # the folder has been removed since it was opened
                self._descriptor = None
                self._write(self._open(create=True), key, file)
        except DistrustError as error:
            self._log_unusable(str(error))
        except OSError as error:
            self._log_unusable(_reason(error))

    def _write(self, folder: int, key: str, file: bytes) -> None:
        """Write a file under a temporary name, and rename it when it is complete."""
        name = _NEW + secrets.token_hex(8)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, 0o600, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "wb") as new:
                new.write(file)
                new.flush()
                self._sweep(folder, os.fstat(descriptor).st_mtime)
            os.replace(name, key, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:  # including an interrupt
            with suppress(OSError):
                os.unlink(name, dir_fd=folder)
            raise

    def _sweep(self, folder: int, now: float) -> None:
        """Remove the incomplete files of killed processes, once per process."""
        if self._swept:
            return
        self._swept = True
        for name in os.listdir(folder):
            if name.startswith(_NEW):
                with suppress(OSError):
                    if now - os.lstat(name, dir_fd=folder).st_mtime > _ABANDONED:
                        os.unlink(name, dir_fd=folder)

    def _open(self, create: bool) -> int:
        """Return the folder's descriptor; its owner and mode are checked on every call.

        The path is resolved once: that takes ten times as long as reading a file.
        """
        if self._descriptor is None:
            self._descriptor = open_folder(self._folder, create)
            weakref.finalize(self, _close, self._descriptor)
        else:
            check_folder(self._folder, self._descriptor)
        return self._descriptor

    def _log_unusable(self, reason: str) -> None:
        self._log("not kept", f"compiled kernels are not kept in {self._folder}: {reason}")

    def _log(self, kind: str, sentence: str) -> None:
        """Log a sentence, unless one of its kind was logged: a problem mostly concerns many files.

        Not a Python warning: under ``-W error`` it would end the run.
        """
        if kind not in self._logged:
            self._logged.add(kind)
            _logger.warning(sentence)


@functools.cache
def get_store(folder: Path) -> KernelStore:
    """Return the store of a folder; equal paths get one object."""
    return KernelStore(folder)


def kernel_folder() -> Path:
    """Return the folder of this user's compiled kernels.

    The path is relative if the user has no home; a store then stores nothing.
    """
    try:
        caches = platformdirs.user_cache_path("tuitrain")
    except RuntimeError:  # older versions of platformdirs return a path with ~ instead
        caches = Path("~", ".cache", "tuitrain")
    return caches / "kernels"


def _content(key: str, folder: int) -> bytes | DistrustError:
    """Return the content of a file, or the reason why it is not trusted."""
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


def _close(descriptor: int) -> None:
    """Close a descriptor that other code of the process may have closed already."""
    with suppress(OSError):
        os.close(descriptor)
