"""The progress of work before and between steps: building a session, retraining."""

from __future__ import annotations

from typing import Protocol


class ProgressCallback(Protocol):
    """Receives the work in progress, and the share of it that is done, from 0 to 1, if known."""

    def __call__(self, note: str, done: float | None = None, /) -> None:
        """Receive the progress, and return at once."""
        ...


def ignore_progress(note: str, done: float | None = None, /) -> None:
    """Do nothing."""
