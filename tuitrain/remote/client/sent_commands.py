"""The commands of a viewer that the run has not answered yet, and the journal with all answers."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Sequence
from typing import Final

from tuitrain.run.snapshot import JournalEntry, ScheduledCommand

from ..wire.messages import CancelCommand, RefusedCommand, SubmitCommand

MAX_CANCELLED: Final = 100
"""Requests to cancel a command that are remembered for their refusals, the newest ones."""


class SentCommands:
    """Keeps each command until its answer, so that it can be sent again after a lost connection.

    The run applies a command with a known ticket only once.
    """

    def __init__(self) -> None:
        self._tickets = itertools.count((1 + secrets.randbits(30)) << 32)
        self._unanswered: dict[int, SubmitCommand] = {}
        self._cancelled: dict[int, tuple[CancelCommand, str]] = {}
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

    def add(
        self,
        command: str,
        actor: str,
        why: str = "",
        at: int | None = None,
        ticket: int | None = None,
    ) -> SubmitCommand:
        """Return the message of a new command, with a ticket that no other viewer uses.

        ``ticket`` is that of a command that may have been sent before.
        """
        message = SubmitCommand(ticket or next(self._tickets), command, actor, why, at)
        self._unanswered[message.ticket] = message
        return message

    def cancel(self, waiting: ScheduledCommand, actor: str) -> CancelCommand:
        """Return the message that cancels a command; it is not sent again after a lost connection.

        The refused command is the answer.
        """
        message = CancelCommand(next(self._tickets), waiting.ticket, actor)
        self._cancelled[message.ticket] = message, f"cancel {waiting.command}"
        while len(self._cancelled) > MAX_CANCELLED:
            del self._cancelled[next(iter(self._cancelled))]
        return message

    def read_journal(self, journal: Sequence[JournalEntry]) -> None:
        """Add the run's new entries, and remove the commands that they answer."""
        if len(journal) < self._read:  # it is that of another process, which continues the run
            self._read, self._journal, self._shown = 0, [], ()
        self._journal += journal[self._read :]
        if self._unanswered:  # another process may have the answer among its first entries
            for entry in journal:
                self._unanswered.pop(entry.ticket, None)
        self._read = len(journal)

    def refuse(self, refusal: RefusedCommand, step: int) -> None:
        """Add the refusal of a command that did not reach the run."""
        sent = self._unanswered.pop(refusal.ticket, None)
        if sent is not None:
            self._add_refusal(refusal, step, sent.command, sent.actor)
        elif refusal.ticket in self._cancelled:
            cancellation, text = self._cancelled.pop(refusal.ticket)
            self._add_refusal(refusal, step, text, cancellation.actor)

    def _add_refusal(self, refusal: RefusedCommand, step: int, text: str, actor: str) -> None:
        entry = JournalEntry(refusal.ticket, step, text, actor, "refused", refusal.reason)
        self._journal.append(entry)
