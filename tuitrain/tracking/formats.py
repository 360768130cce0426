"""The formats of logs by name, and where a run's log is in each."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tuitrain.errors import RefusedError, TuitrainError, did_you_mean, join_or

from .extras import load_extra
from .rows import BranchStart, Row, RowWriter, RunFacts

FORMATS: Final = ("tensorboard", "csv", "jsonl", "wandb")
"""The names of all formats."""

EXTRAS: Final = {"tensorboard": "tensorboard.compat.proto.event_pb2", "wandb": "wandb"}
"""A module of the library that a format needs."""


def check_format(name: str) -> str:
    """Return the name of a format.

    Raises
    ------
    RefusedError : there is no such format; names the nearest
    """
    if name not in FORMATS:
        hint = did_you_mean(name, FORMATS)
        raise RefusedError(f"no log is called {name!r:.60}{hint} (allowed: {join_or(FORMATS)})")
    return name


def check_available(name: str) -> None:
    """Check that the library of a format is installed.

    Raises
    ------
    TuitrainError : it is not; says how to install it
    """
    check_format(name)
    if name in EXTRAS:
        load_extra(EXTRAS[name], name)


def live_target(name: str, folder: Path, record: Path) -> Path:
    """Return where the log of a live run is.

    Parameters
    ----------
    name : of the format
    folder : what the user has named, or the folder of the record itself
    record : the folder of the record
    """
    is_in_record = folder == record
    label = record.resolve().name
    if name == "tensorboard":
        return folder / ("tensorboard" if is_in_record else label)
    if name == "wandb":
        return folder
    return folder / f"{'log' if is_in_record else label}.{name}"


def make_writer(name: str, target: Path, facts: RunFacts, replaces: bool = False) -> RowWriter:
    """Open a log.

    Parameters
    ----------
    name : of the format
    target : a file of text; of TensorBoard the folder of the run, of W&B a folder of runs
    replaces : whether an earlier log of the run is replaced; otherwise it is an error

    Raises
    ------
    TuitrainError : its library is not installed, or there is a log already
    OSError : it cannot be written
    """
    if name == "tensorboard":
        from .tensorboard_writer import TensorBoardWriter

        return TensorBoardWriter(target, replaces)
    if name == "wandb":
        from .wandb_writer import WandbWriter

        return WandbWriter(target, facts, replaces)
    from .text_writers import CsvWriter, JsonlWriter

    if not replaces and target.exists():
        raise TuitrainError(f"{target} exists already; name another file")
    return CsvWriter(target) if name == "csv" else JsonlWriter(target)


class WriterGroup:
    """Writes the same rows in several formats.

    Attributes
    ----------
    rows : the number of rows so far
    branches : the names of the branches so far
    """

    def __init__(self, writers: Iterable[RowWriter]) -> None:
        self._writers = list(writers)
        self.rows = 0
        self.branches: list[str] = []

    def begin(self, branch: BranchStart) -> None:
        """Begin a branch."""
        self.branches.append(branch.name)
        for writer in self._writers:
            writer.begin(branch)

    def write(self, branch: str, row: Row, time: float) -> None:
        """Write a row."""
        self.rows += 1
        for writer in self._writers:
            writer.write(branch, row, time)

    def flush(self) -> None:
        """Flush all."""
        for writer in self._writers:
            writer.flush()

    def close(self) -> None:
        """Close all, also after an error."""
        with ExitStack() as stack:
            for writer in self._writers:
                stack.callback(writer.close)
