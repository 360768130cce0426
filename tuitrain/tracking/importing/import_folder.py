"""Imports a folder of TensorBoard: each folder of event files becomes a recording."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from tuitrain.encoding import truncate_utf8
from tuitrain.errors import TuitrainError
from tuitrain.scenario.runs.run_list import MAX_LABEL_BYTES

from .event_files import EventFormat
from .event_values import TagText, read_values
from .imported_record import ImportedLog, read_log, write_record

EVENT_FILES = "*tfevents*"
"""The names of event files."""

MAX_TEXTS: Final = 1000
"""Maximum number of texts of a run that are imported: the newest."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The result for one folder of event files.

    Attributes
    ----------
    source : the folder
    record : the folder of the record; None if it could not be made
    log : what was read, or None
    problem : why it could not be imported, or ""
    """

    source: Path
    record: Path | None = None
    log: ImportedLog | None = None
    problem: str = ""


def import_folder(
    source: Path,
    records: Path,
    loss: str | None = None,
    on_folder: Callable[[Path], None] = lambda _: None,
) -> Iterator[Imported]:
    """Make a record of each folder of event files in a folder, and yield the results.

    Parameters
    ----------
    source : the folder, searched with all folders in it
    records : the folder in which the records are made
    loss : the tag of the loss (default: see `choose_loss`)
    on_folder : called with each folder before it is read

    Raises
    ------
    TuitrainError : there is no event file, or the library is not installed
    """
    folders = event_folders(source)
    format = EventFormat()
    for folder in folders:
        on_folder(folder)
        try:
            texts: deque[TagText] = deque(maxlen=MAX_TEXTS)
            files = [read_values(path, format, texts.append) for path in event_files(folder)]
            log = read_log(files, str(folder), loss)
            name = run_name(source, folder)
            record = _free_folder(records, name, log.first_time)
            write_record(log, record, name, folder, texts)
        except TuitrainError as error:
            yield Imported(folder, problem=str(error))
        else:
            yield Imported(folder, record, log)


def event_folders(source: Path) -> list[Path]:
    """Return the folders with event files in a folder, in the order of their names.

    Raises
    ------
    TuitrainError : there is none, or the folder cannot be read
    """
    if not source.is_dir():
        what = "is a file, and not a folder" if source.exists() else "does not exist"
        raise TuitrainError(f"{source} {what}; name a folder with event files of TensorBoard")
    try:
        folders = sorted({path.parent for path in source.rglob(EVENT_FILES) if path.is_file()})
    except OSError as error:
        raise TuitrainError(f"{source} cannot be read: {error.strerror}") from None
    if not folders:
        raise TuitrainError(f"{source} has no event files of TensorBoard, nor has a folder in it")
    return folders


def event_files(folder: Path) -> list[Path]:
    """Return the event files of a folder, in the order of their names, which begin with a time."""
    return sorted(path for path in folder.glob(EVENT_FILES) if path.is_file())


def run_name(source: Path, folder: Path) -> str:
    """Return the name of a run: its folder as seen from the one that was imported."""
    inside = folder.relative_to(source).as_posix()
    top = source.resolve().name or "log"
    return top if inside == "." else f"{top}/{inside}"


def _free_folder(records: Path, name: str, time: float) -> Path:
    """Return a folder for a record that does not exist, named by the time at which it began."""
    label = "".join(letter if letter.isalnum() else "-" for letter in name.lower())
    stem = f"{datetime.fromtimestamp(time):%Y-%m-%d-%H%M%S}-{truncate_utf8(label, MAX_LABEL_BYTES)}"
    folder, number = records / stem, 1
    while folder.exists():
        number += 1
        folder = records / f"{stem}-{number}"
    return folder
