"""The progress of work before and between steps: building a session, retraining."""

from __future__ import annotations

from typing import Protocol


class ProgressCallback(Protocol):
    """Receives what is being waited for, and its share that is done, from 0 to 1, if known."""

    def __call__(self, note: str, done: float | None = None, /) -> None:
        """Receive it, and return at once."""
        ...


def ignore_progress(note: str, done: float | None = None, /) -> None:
    """Do nothing."""


def format_count(number: int) -> str:
    """Return a whole number as a screen writes it: ``59 134``."""
    return f"{number:,}".replace(",", " ")
