"""Alerts that wait for their delivery; a run that pauses often sends only some of its pauses."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from .alert import Alert


@dataclass(slots=True)
class _Pauses:
    """The pauses of a run.

    Attributes
    ----------
    sent_at : when one was delivered last, in seconds; None if none was
    newest : the one that waits, or None
    left_out : how many came before it and were not delivered
    """

    sent_at: float | None = None
    newest: Alert | None = None
    left_out: int = 0

    def leave_out(self) -> None:
        """Forget the pause that waits, and count it."""
        self.left_out += self.newest is not None
        self.newest = None

    def take(self) -> Alert | None:
        """Return the pause that waits, if the run is still paused there, and forget it."""
        if self.newest is not None and not self.newest.is_current():
            self.leave_out()
        alert, self.newest = self.newest, None
        return None if alert is None else self.add_left_out(alert)

    def add_left_out(self, alert: Alert) -> Alert:
        """Return an alert that says how many pauses before it were not delivered."""
        count, self.left_out = self.left_out, 0
        if not count:
            return alert
        pauses = "pause was" if count == 1 else "pauses were"
        return replace(alert, text=f"{alert.text}; {count} earlier {pauses} not sent")


class AlertQueue:
    """Alerts in the order in which they are delivered.

    Of the pauses of a run at most one is delivered in an interval: the newest, if the run is still
    paused there. The next alert of the run says how many were left out. Its end and its failures
    never wait.

    Parameters
    ----------
    interval : seconds between two pauses of a run that are delivered
    max_waiting : maximum number of ends and failures that wait
    clock : returns a monotonic time in seconds
    """

    def __init__(self, interval: float, max_waiting: int, clock: Callable[[], float]) -> None:
        self._interval = interval
        self._max_waiting = max_waiting
        self._clock = clock
        self._waiting: deque[Alert] = deque()
        self._pauses: dict[str, _Pauses] = {}

    def add(self, alert: Alert) -> bool:
        """Add an alert; return False if too many wait already."""
        pauses = self._pauses.setdefault(alert.run, _Pauses())
        if alert.event == "break":
            pauses.leave_out()
            pauses.newest = alert
            return True
        if len(self._waiting) >= self._max_waiting:
            return False
        if pause := pauses.take():
            self._waiting.append(pause)
        self._waiting.append(pauses.add_left_out(alert))
        return True

    def pop(self) -> Alert | None:
        """Return the next alert that may be delivered now; None if there is none."""
        if self._waiting:
            return self._waiting.popleft()
        for pauses in self._pauses.values():
            if self._delay_of(pauses) <= 0 and (alert := pauses.take()):
                pauses.sent_at = self._clock()
                return alert
        return None

    def delay(self) -> float | None:
        """Return the seconds until an alert may be delivered; None if none waits."""
        if self._waiting:
            return 0.0
        waiting = [pauses for pauses in self._pauses.values() if pauses.newest is not None]
        return max(0.0, min(map(self._delay_of, waiting))) if waiting else None

    def hurry(self) -> None:
        """Deliver pauses without waiting for the interval, at the end of the process."""
        self._interval = 0.0

    def _delay_of(self, pauses: _Pauses) -> float:
        if pauses.sent_at is None:
            return 0.0
        return pauses.sent_at + self._interval - self._clock()
