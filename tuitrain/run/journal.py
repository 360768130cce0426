"""The journal: every command of a run and its outcome."""

from __future__ import annotations

from collections.abc import Iterable

from .snapshot import Actor, JournalEntry, Outcome


class Journal:
    """The commands of a run, oldest first; it only grows."""

    def __init__(self) -> None:
        self._entries: list[JournalEntry] = []
        self._as_tuple: tuple[JournalEntry, ...] = ()

    def __len__(self) -> int:
        return len(self._entries)

    def add(
        self,
        ticket: int,
        step: int,
        command: str,
        actor: Actor,
        outcome: Outcome,
        message: str,
        why: str = "",
    ) -> JournalEntry:
        """Add an entry, and return it."""
        entry = JournalEntry(ticket, step, command, actor, outcome, message, why)
        self._entries.append(entry)
        return entry

    def restore(self, entries: Iterable[JournalEntry]) -> None:
        """Add the entries of an earlier run, which this run continues."""
        self._entries.extend(entries)

    def since(self, count: int) -> list[JournalEntry]:
        """Return the entries after the first ``count``; the others are not copied."""
        return self._entries[count:]

    def entries(self) -> tuple[JournalEntry, ...]:
        """Return all entries; the same tuple until one is added."""
        if len(self._as_tuple) != len(self._entries):
            self._as_tuple = tuple(self._entries)
        return self._as_tuple
