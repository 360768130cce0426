"""The path that a user gives as a scenario or a script: what to write if it is neither."""

from __future__ import annotations

import os
import shlex
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from tuitrain.errors import TuitrainError, did_you_mean

_DATA_SUFFIXES: Final = (".csv", ".tsv", ".npz", ".npy", ".gz")
_SCRIPT: Final = ".py"


def check_runnable(path: Path, takes_scripts: bool = True) -> None:
    """Check that a path may be a scenario or a script; the content of the file is not read.

    Parameters
    ----------
    takes_scripts : whether the command takes a script, too

    Raises
    ------
    TuitrainError : it does not exist, is a folder or data, or is a script that the command does
        not take; says what to write
    """
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises for some names
        raise TuitrainError(f"{path}: {_about_folder(path)}")
    if not os.path.exists(path):  # noqa: PTH110
        raise TuitrainError(f"{path}: no such file{_nearest(path, takes_scripts)}")
    word, suffix = shlex.quote(str(path)), path.suffix.lower()
    if suffix in _DATA_SUFFIXES:
        raise TuitrainError(
            f"{path}: is data, not a scenario; `tuitrain data {word}` says what it holds, and "
            "the line to write into a scenario"
        )
    if suffix == _SCRIPT and not takes_scripts:
        raise TuitrainError(f"{path}: is a script, which `tuitrain run {word}` runs")


def _about_folder(folder: Path) -> str:
    from tuitrain.records.record_reader import HEADER

    word = shlex.quote(str(folder))
    if (folder / HEADER).exists():
        return f"is the folder of a run; `tuitrain open {word}` shows it"
    if scenarios := _listed(folder, ["*.toml"]):
        return f"is a folder; name one of its scenarios, such as {scenarios[0]}"
    return f"is a folder, not a scenario; `tuitrain data {word}` says what it holds"


def _nearest(path: Path, takes_scripts: bool) -> str:
    """Return the nearest match beside a missing file, or else among the bundled scenarios."""
    from tuitrain.records.record_reader import HEADER
    from tuitrain.scenario.bundled import bundled_paths

    beside = _listed(path.parent, ["*.toml", *[f"*{_SCRIPT}"] * takes_scripts])
    beside += [str(Path(header).parent) for header in _listed(path.parent, [f"*/{HEADER}"])]
    if hint := did_you_mean(str(path), beside):
        return hint
    bundled = {path.stem: path for path in bundled_paths()} if path.parent == Path() else {}
    close = get_close_matches(path.stem, bundled, n=1, cutoff=0.6)
    return f", did you mean the bundled {bundled[close[0]]}?" if close else ""


def _listed(folder: Path, patterns: list[str]) -> list[str]:
    try:
        return sorted(str(path) for pattern in patterns for path in folder.glob(pattern))
    except (OSError, ValueError):  # a name that no path can have
        return []
