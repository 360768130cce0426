"""The commands of a viewer that the run has not answered yet, and the journal with all answers."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Sequence

from tuitrain.run.snapshot import JournalEntry

from ..wire.messages import RefusedCommand, SubmitCommand


class SentCommands:
    """Keeps each command until its answer, so that it can be sent again after a lost connection.

    The run applies a command with a known ticket only once.
    """

    def __init__(self) -> None:
        self._tickets = itertools.count((1 + secrets.randbits(30)) << 32)
        self._unanswered: dict[int, SubmitCommand] = {}
        self._read = 0
        self._journal: list[JournalEntry] = []
        self._shown: tuple[JournalEntry, ...] = ()

    @property
    def unanswered(self) -> list[SubmitCommand]:
        """The commands without an answer, oldest first."""
        return list(self._unanswered.values())

    @property
    def journal(self) -> tuple[JournalEntry, ...]:
        """The run's journal, with the refusals of commands that did not reach the run."""
        if len(self._shown) != len(self._journal):
            self._shown = tuple(self._journal)
        return self._shown

    def add(self, command: str, actor: str, why: str = "", at: int | None = None) -> SubmitCommand:
        """Return the message of a new command, with a ticket that no other viewer gives."""
        message = SubmitCommand(next(self._tickets), command, actor, why, at)
        self._unanswered[message.ticket] = message
        return message

    def read_journal(self, journal: Sequence[JournalEntry]) -> None:
        """Add the run's new entries, and remove the commands that they answer."""
        if len(journal) < self._read:  # of another process, which continues the run
            self._read, self._journal, self._shown = 0, [], ()
        for entry in journal[self._read :]:
            self._unanswered.pop(entry.ticket, None)
            self._journal.append(entry)
        self._read = len(journal)

    def refuse(self, refusal: RefusedCommand, step: int) -> None:
        """Add the refusal of a command that did not reach the run."""
        sent = self._unanswered.pop(refusal.ticket, None)
        if sent is not None:
            reason = refusal.reason
            entry = JournalEntry(refusal.ticket, step, sent.command, sent.actor, "refused", reason)
            self._journal.append(entry)
