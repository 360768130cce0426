"""The lines about viewers in the log of a run, of which there are a bounded number a minute."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

MAX_LINES: Final = 10
"""Lines in `PERIOD_SECONDS`; further ones are counted."""

PERIOD_SECONDS: Final = 60.0
"""Seconds after which further lines are written again."""


class ViewerLog:
    """Passes lines on, and counts those beyond `MAX_LINES` in a minute.

    Parameters
    ----------
    log : called with a line
    clock : returns a monotonic time in seconds
    """

    def __init__(
        self, log: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._start = clock()
        self._count = 0

    def add(self, line: str) -> None:
        """Log a line, or count it."""
        with self._lock:
            now = self._clock()
            if now - self._start >= PERIOD_SECONDS:
                self._log_count()
                self._start, self._count = now, 0
            self._count += 1
            if self._count <= MAX_LINES:
                self._log(line)
            elif self._count == MAX_LINES + 1:
                self._log("further lines about viewers are counted for a minute")

    def close(self) -> None:
        """Log the number of the lines that were only counted."""
        with self._lock:
            self._log_count()
            self._count = 0

    def _log_count(self) -> None:
        if self._count > MAX_LINES:
            number = self._count - MAX_LINES
            self._log(f"{number} more viewers were refused or disconnected within a minute")
