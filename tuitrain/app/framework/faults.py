"""Faults of the screen: counted, and logged once for each kind."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol, runtime_checkable

from tuitrain.errors import describe_error

MAX_KINDS: Final = 100
"""Only this many kinds of faults are logged; the others are counted together."""

MAX_CHARACTERS: Final = 8000
"""The length of a logged traceback; the end is kept, which names the fault."""

MIN_DELAY: Final = 0.25
"""Seconds before the screen is redrawn when a fault follows soon after another."""

MAX_DELAY: Final = 30.0
QUIET_SECONDS: Final = 10.0
"""Seconds without a fault after which the next one is treated as the first."""


class FaultLog:
    """Counts faults; decides which are logged, and how soon the screen is redrawn.

    Parameters
    ----------
    clock : returns seconds, from any start
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: Counter[tuple[str, str, int]] = Counter()
        self._last_at = -QUIET_SECONDS
        self._rest = 0.0
        self.latest = ""
        """The newest fault on one line: its type and its message."""

    @property
    def total(self) -> int:
        """The number of faults."""
        return self._times.total()

    def record(self, error: BaseException) -> str:
        """Count a fault, and return the text to log; "" for none.

        Faults of one type and one line of code are one kind. The first of a kind is logged with its
        traceback, a later one only if its number is a power of ten: a fault in every refresh of a
        day makes eight entries.
        """
        kind = _kind_of(error)
        if kind not in self._times and len(self._times) >= MAX_KINDS:
            kind = ("", "", 0)
        self._times[kind] += 1
        times = self._times[kind]
        self.latest = _on_one_line(error)
        if times == 1:
            return "".join(traceback.format_exception(error))[-MAX_CHARACTERS:]
        return f"{self.latest} ({times} times)" if _is_power_of_ten(times) else ""

    def next_delay(self) -> float:
        """Return the seconds to wait after a fault before the screen is redrawn.

        The first fault has no delay; while others follow, the delay doubles.
        """
        now = self._clock()
        if now - self._last_at >= QUIET_SECONDS + self._rest:
            self._rest = 0.0
        else:
            self._rest = min(MAX_DELAY, 2 * self._rest or MIN_DELAY)
        self._last_at = now
        return self._rest


@runtime_checkable
class FaultGuard(Protocol):
    """An app that survives faults of its screens; see `GuardedApp`."""

    def contain(self, error: Exception) -> bool:
        """Log a fault and rebuild the screen; return whether the app continues."""
        ...

    def report(self, error: Exception) -> bool:
        """Log a fault that its caller contains; return whether it was logged."""
        ...


def report_fault(app: object, error: Exception) -> bool:
    """Log a contained fault in an app; return whether the app logged it."""
    return isinstance(app, FaultGuard) and app.report(error)


def contain_fault(app: object, error: Exception) -> bool:
    """Log a fault in an app, which rebuilds its screen; return whether the app continues."""
    return isinstance(app, FaultGuard) and app.contain(error)


def _kind_of(error: BaseException) -> tuple[str, str, int]:
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    name = type(error).__name__
    return (name, frames[-1].filename, frames[-1].lineno or 0) if frames else (name, "", 0)


def _on_one_line(error: BaseException) -> str:
    return describe_error(error)[:200]


def _is_power_of_ten(number: int) -> bool:
    return str(number).strip("0") == "1"
