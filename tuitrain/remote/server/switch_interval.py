"""The time for which one thread of the run's process waits for Python, which another one holds."""

from __future__ import annotations

import math
import sys
from typing import Final

WATCHED_SECONDS: Final = 0.0004
"""The interval while viewers are served. Python's default of 5 ms is an eighth of a burst: at its
end the run's thread waits for Python while a snapshot is encoded, and a command for its turn. It is
not that of the app, which may set its own meanwhile, and then keeps it."""


class SwitchInterval:
    """Shortens Python's switch interval, and restores it.

    An interval that is as short already, or that other code has set since, is left as it is.
    """

    def __init__(self) -> None:
        self._before: float | None = None

    def shorten(self) -> None:
        """Set the interval to `WATCHED_SECONDS`, unless that is done already."""
        interval = sys.getswitchinterval()
        if self._before is None and interval > WATCHED_SECONDS:
            self._before = interval
            sys.setswitchinterval(WATCHED_SECONDS)

    def restore(self) -> None:
        """Set the interval that `shorten` has found."""
        before, self._before = self._before, None
        if before is not None and math.isclose(sys.getswitchinterval(), WATCHED_SECONDS):
            sys.setswitchinterval(before)
