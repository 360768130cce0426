"""What a run says while it is being made, before there is anything to train."""

from __future__ import annotations

from typing import Protocol


class ProgressCallback(Protocol):
    """Takes what is being waited for, and how much of that is done, from 0 to 1, if it is known."""

    def __call__(self, note: str, done: float | None = None, /) -> None:
        """Take it, at once."""
        ...


def ignore_progress(note: str, done: float | None = None, /) -> None:
    """Tell nobody."""


def format_count(number: int) -> str:
    """Write a whole number as a screen does: ``59 134``."""
    return f"{number:,}".replace(",", " ")
