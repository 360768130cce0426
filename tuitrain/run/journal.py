"""The journal: every command of a run and its outcome."""

from __future__ import annotations

from collections.abc import Iterable

from .authorship import OWN_ACTORS
from .journal_entry import MIN_OUTSIDE_TICKET
from .snapshot import Actor, JournalEntry, Outcome


class Journal:
    """The commands of a run, oldest first; it only grows.

    Attributes
    ----------
    own_entries : the number of entries by the plan and by rules
    """

    def __init__(self) -> None:
        self._entries: list[JournalEntry] = []
        self._as_tuple: tuple[JournalEntry, ...] = ()
        self._answers: dict[int, JournalEntry] = {}
        self.own_entries = 0

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
        self.own_entries += actor in OWN_ACTORS
        return entry

    def restore(self, entries: Iterable[JournalEntry]) -> None:
        """Add the entries of an earlier run, which this run continues."""
        self._entries.extend(entries)
        self.own_entries = sum(entry.actor in OWN_ACTORS for entry in self._entries)

    def keep_answers(self, entries: Iterable[JournalEntry]) -> None:
        """Keep the answers that an earlier process has given to commands of its viewers.

        Not all of them are in this journal: a pause, or a refused command, is not repeated.
        """
        for entry in entries:
            if entry.ticket >= MIN_OUTSIDE_TICKET:
                self._answers.setdefault(entry.ticket, entry)

    def answer_again(self, ticket: int) -> bool:
        """Return whether an earlier process has answered a command; then the answer is an entry."""
        answer = self._answers.get(ticket)
        if answer is None:
            return False
        if all(entry.ticket != ticket for entry in self._entries):
            self._entries.append(answer)
        return True

    def since(self, count: int) -> list[JournalEntry]:
        """Return the entries after the first ``count``; the others are not copied."""
        return self._entries[count:]

    def entries(self) -> tuple[JournalEntry, ...]:
        """Return all entries; the same tuple until one is added."""
        if len(self._as_tuple) != len(self._entries):
            self._as_tuple = tuple(self._entries)
        return self._as_tuple
