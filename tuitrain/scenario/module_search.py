"""Where the modules that a scenario names are found: beside it, then in the working directory.

A process may build several scenarios, each with a module of the same name in its own folder. So the
folders of the last scenario are searched alone, and modules that came from earlier folders are
imported again.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from tuitrain.errors import TuitrainError
from tuitrain.records.record_reader import HEADER, read_header
from tuitrain.user_code import INSTALLED

_OURS: Final = ("tuitrain", "tuitrain_core", "__main__")
_lock = threading.Lock()
_searched: list[str] = []
"""The folders at the front of ``sys.path`` that the last scenario needed."""

_present: set[str] = set()
"""The modules that had been imported before these folders were searched."""


def search_folders(source: str) -> list[str]:
    """Return the folders that a scenario's modules are found in, in order.

    Parameters
    ----------
    source : the scenario's file, or the folder of a record
    """
    path = Path(source)
    folders: list[str] = []
    with suppress(OSError, ValueError, TuitrainError):  # such as a name that no file can have
        if path.is_file():
            folders = [str(path.resolve().parent)]
        elif (path / HEADER).is_file():
            header = read_header(path)
            folders = [header.scenario_folder, header.directory]
    with suppress(OSError):  # the working directory was removed
        folders.append(os.getcwd())  # noqa: PTH109 - as the process has it, with symbolic links
    return list(dict.fromkeys(folder for folder in folders if folder and os.path.isdir(folder)))  # noqa: PTH112


def search_modules_of(source: str) -> None:
    """Search the folders of a scenario from now on; see `search_folders`."""
    folders = search_folders(source)
    with _lock:
        if folders == _searched:
            return
        for folder in _searched:
            with suppress(ValueError):
                sys.path.remove(folder)
        _forget_modules(set(_searched) - set(sys.path))
        _searched[:] = folders
        sys.path[:0] = folders
        _present.clear()
        _present.update(sys.modules)
        importlib.invalidate_caches()


def searched_folders() -> list[str]:
    """Return the folders that are searched for a scenario's modules."""
    return list(_searched)


def _forget_modules(folders: Iterable[str]) -> None:
    """Forget modules that were found in these folders, so that others can have their names.

    A folder may have an environment with installed packages in it, which stay.
    """
    prefixes = tuple(os.path.join(folder, "") for folder in folders)  # noqa: PTH118
    if not prefixes:
        return
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if name in _present or not isinstance(path, str) or not path.startswith(prefixes):
            continue
        if not path.startswith(INSTALLED) and name.partition(".")[0] not in _OURS:
            del sys.modules[name]
