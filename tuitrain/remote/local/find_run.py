"""Finding a live run by its name, its id or the folder of its record."""

from __future__ import annotations

from pathlib import Path

from tuitrain.encoding import to_encodable
from tuitrain.errors import NoSuchRunError, TuitrainError, did_you_mean
from tuitrain.text import visible

from ..errors import ConnectionProblem
from .live_entry import RunFacts, read_entries, run_id, shortened_name


def find_run(word: str = "") -> RunFacts:
    """Return the live run that a user means.

    Parameters
    ----------
    word : a name, the beginning of an id, or a folder; "" where there is one run only

    Raises
    ------
    NoSuchRunError : none or several fit; lists the live runs
    """
    entries = read_entries()
    if not entries:
        raise NoSuchRunError(
            "no run is live on this machine; start one with: tuitrain run --detach"
        )
    if not word:
        if len(entries) == 1:
            return entries[0]
        raise NoSuchRunError(f"several runs are live, name one of them: {_listed(entries)}")
    matches = _matches(word, entries)
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise NoSuchRunError(f"several live runs are called {word!r}: {_listed(matches)}")
    names = [name for entry in entries for name in (entry.run, entry.id)]
    hint = did_you_mean(word, names)
    raise NoSuchRunError(f"no live run is called {word!r}{hint} (live: {_listed(entries)})")


def check_not_live(folder: Path) -> None:
    """Check that no process writes the record in a folder.

    Raises
    ------
    TuitrainError : its run is live; names the command that attaches to it
    """
    try:
        ids = [entry.id for entry in read_entries()]
    except ConnectionProblem:  # without a folder of sockets no run is served
        return
    if (identity := run_id(folder)) in ids:
        raise TuitrainError(
            f"the run in {folder} is live; look at it with: tuitrain attach {identity}"
        )


def _matches(word: str, entries: list[RunFacts]) -> list[RunFacts]:
    """Return the runs that a word names: exact ids and folders before names and parts of ids."""
    by_id = [entry for entry in entries if entry.id == word]
    folder = _resolved(word)
    by_folder = [entry for entry in entries if folder and entry.folder == folder]
    name = shortened_name(word)
    by_name = [entry for entry in entries if entry.run == name or Path(entry.folder).name == word]
    by_part = [entry for entry in entries if len(word) > 1 and entry.id.startswith(word)]
    return by_id or by_folder or by_name or by_part


def _resolved(word: str) -> str:
    try:
        return to_encodable(str(Path(word).resolve()))
    except (OSError, ValueError):  # a name that no path can have
        return ""


def _listed(entries: list[RunFacts]) -> str:
    return ", ".join(f"{visible(entry.run)} ({entry.id})" for entry in entries)
