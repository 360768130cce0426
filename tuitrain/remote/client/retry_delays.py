"""The pauses between attempts to connect again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

FIRST_SECONDS: Final = 0.1
"""Seconds before the first attempt: a run that was interrupted for a moment is back at once."""

MAX_SECONDS: Final = 5.0
"""Maximum seconds between two attempts."""


def retry_delays() -> Iterator[float]:
    """Yield the seconds before each attempt: twice as long each time, up to `MAX_SECONDS`."""
    delay = FIRST_SECONDS
    while True:
        yield delay
        delay = min(2 * delay, MAX_SECONDS)
