"""Finds the answers to the commands that this face sent."""

from __future__ import annotations

from tuitrain.run.snapshot import JournalEntry, Snapshot


class PendingReplies:
    """The tickets that still wait for their journal entry."""

    def __init__(self) -> None:
        self._waiting: set[int] = set()

    def add(self, ticket: int) -> None:
        """Wait for the entry with this ticket."""
        self._waiting.add(ticket)

    @property
    def is_waiting(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._waiting)

    def take_reply(self, snapshot: Snapshot) -> JournalEntry | None:
        """Return the newest answer since the last call, if any; a refusal before others."""
        if not self._waiting:
            return None
        newest = None
        for entry in snapshot.journal:
            if entry.ticket in self._waiting:
                self._waiting.discard(entry.ticket)
                if newest is None or newest.outcome != "refused" or entry.outcome == "refused":
                    newest = entry
        return newest
