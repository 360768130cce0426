"""The folders for a user's files, by the conventions of the system."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .errors import TuitrainError


def config_folder() -> Path:
    """Return the folder of the user's configuration; ``XDG_CONFIG_HOME`` overrides it.

    Raises
    ------
    TuitrainError : the user has no home folder
    """
    from platformdirs import user_config_path

    return _in_home(user_config_path, "XDG_CONFIG_HOME")


def state_folder() -> Path:
    """Return the folder for state that outlives a run; ``XDG_STATE_HOME`` overrides it.

    Raises
    ------
    TuitrainError : the user has no home folder
    """
    from platformdirs import user_state_path

    return _in_home(user_state_path, "XDG_STATE_HOME")


def _in_home(folder: Callable[[str], Path], variable: str) -> Path:
    try:
        path = folder("tuitrain")
    except RuntimeError:  # older versions of platformdirs return a path that begins with ~
        path = Path("~")
    if not path.is_absolute():
        raise TuitrainError(
            f"this user has no home folder; set HOME or {variable} to an absolute path"
        )
    return path
