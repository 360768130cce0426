"""Submissions that wait for a step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tuitrain.commands import parse, to_text
from tuitrain.text import format_count

from ..snapshot import ScheduledCommand
from .mailbox import Submission

MAX_SCHEDULED: Final = 1000
"""Maximum number of submissions that wait at a time."""


class ScheduledSubmissions:
    """Submissions that wait for the boundary before a step, oldest first.

    Parameters
    ----------
    commands : those of an earlier process
    """

    def __init__(self, commands: Sequence[ScheduledCommand] = ()) -> None:
        self._waiting: list[Submission] = []
        self._view: tuple[ScheduledCommand, ...] | None = ()
        self._replace(
            [
                Submission(item.ticket, parse(item.command), item.actor, item.why, item.step)
                for item in commands
            ]
        )

    def add(self, submission: Submission) -> str:
        """Add a submission; return why it cannot wait, or ""."""
        if len(self._waiting) == MAX_SCHEDULED:
            return f"{format_count(MAX_SCHEDULED)} commands wait for their steps already"
        self._replace([*self._waiting, submission])
        return ""

    def take(self, ticket: int) -> Submission | None:
        """Remove and return the submission with a ticket, or None."""
        return self._take(lambda submission: submission.ticket == ticket)

    def take_due(self, step: int) -> Submission | None:
        """Remove and return the oldest submission that waits for this boundary, or None."""
        return self._take(lambda submission: submission.at == step)

    def has_due(self, step: int) -> bool:
        """Return whether a submission waits for this boundary."""
        return any(submission.at == step for submission in self._waiting)

    def take_missed(self, step: int) -> list[Submission]:
        """Remove and return all submissions that wait for a boundary before this one."""
        missed = [item for item in self._waiting if item.at is not None and item.at < step]
        if missed:
            self._replace([item for item in self._waiting if item not in missed])
        return missed

    def take_all(self) -> list[Submission]:
        """Remove and return all submissions."""
        waiting = self._waiting
        self._replace([])
        return waiting

    def steps_to_next(self, step: int) -> int | None:
        """Return how many steps are left until the next submission is due, or None."""
        return min(
            (item.at - step for item in self._waiting if item.at is not None and item.at > step),
            default=None,
        )

    def view(self) -> tuple[ScheduledCommand, ...]:
        """Return the waiting commands by step; the same tuple until they change."""
        if self._view is None:
            by_step = sorted(self._waiting, key=lambda item: item.at or 0)
            self._view = tuple(
                ScheduledCommand(
                    item.ticket, item.at or 0, to_text(item.command), item.actor, item.why
                )
                for item in by_step
            )
        return self._view

    def _take(self, matches: Callable[[Submission], bool]) -> Submission | None:
        taken = next(filter(matches, self._waiting), None)
        if taken is not None:
            self._replace([item for item in self._waiting if item is not taken])
        return taken

    def _replace(self, waiting: Sequence[Submission]) -> None:
        self._waiting = list(waiting)
        self._view = None
