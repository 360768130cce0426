"""Saving what was done in a run as a file of one's own, by the suffix of its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from tuitrain.scenario import save as recorded

Writer: TypeAlias = Callable[[Path, Path, bool], object]
"""Makes a file (the second path) of a run folder (the first), over one that is there if told to."""

WRITERS: Final[dict[str, Writer]] = {".toml": recorded.save, ".py": recorded.save}
"""What can be written, by suffix."""


def save(folder: Path, target: Path, overwrite: bool = False) -> None:
    """Write the file that the suffix of its name asks for.

    Raises
    ------
    TuitrainError : the record is damaged, or the file is there or cannot be written
    """
    WRITERS[target.suffix](folder, target, overwrite)
