"""Match replies to the commands that were sent from this screen."""

from __future__ import annotations

from tuitrain.run.snapshot import JournalEntry, Snapshot


class PendingReplies:
    """The tickets of commands whose journal entries are still to come."""

    def __init__(self) -> None:
        self._waiting: set[int] = set()

    def add(self, ticket: int) -> None:
        """Expect the entry with a ticket."""
        self._waiting.add(ticket)

    @property
    def is_waiting(self) -> bool:
        """Whether a reply is still to come."""
        return bool(self._waiting)

    def take_reply(self, snapshot: Snapshot) -> JournalEntry | None:
        """Return the newest reply since the last call, a refusal before others; None if none."""
        if not self._waiting:
            return None
        newest = None
        for entry in snapshot.journal:
            if entry.ticket in self._waiting:
                self._waiting.discard(entry.ticket)
                if newest is None or newest.outcome != "refused" or entry.outcome == "refused":
                    newest = entry
        return newest
