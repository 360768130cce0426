"""The pen: of many viewers of a run, one steers.

A viewer asks the holder for the pen. The holder gives it, or refuses once; without an answer the
pen goes to the viewer after a notice of some seconds. A second request cannot be refused.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

NOTICE_SECONDS: Final = 10.0
"""Seconds in which the holder of the pen can answer a request for it."""


@dataclass(frozen=True, slots=True)
class PenView:
    """The pen as one viewer sees it.

    Attributes
    ----------
    viewers : the number of screens
    holder : the name of the viewer with the pen; "" for none
    is_yours : whether this viewer holds it
    asked_by : the viewer who asks for it; "" for none
    seconds_left : until it goes to that viewer; 0 if none asks
    is_asking : whether this viewer asks
    """

    viewers: int
    holder: str
    is_yours: bool
    asked_by: str = ""
    seconds_left: int = 0
    is_asking: bool = False


@dataclass(slots=True)
class _Asking:
    viewer: int
    due: float
    can_be_refused: bool


class Pen:
    """The viewers of a run, and the one of them who steers; any thread may call its methods.

    Parameters
    ----------
    clock : returns a monotonic time in seconds
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._names: dict[int, str] = {}
        self._writers: set[int] = set()
        self._holder: int | None = None
        self._asking: _Asking | None = None
        self._was_refused: set[int] = set()

    def join(self, viewer: int, name: str, can_write: bool, wants: bool) -> None:
        """Add a viewer; it gets the pen at once if it wants it and no other holds it.

        A name that another viewer has gets a number: ``laptop 2``.
        """
        with self._lock:
            self._names[viewer] = self._distinct(name)
            if can_write:
                self._writers.add(viewer)
                if wants and self._holder is None:
                    self._holder = viewer

    def leave(self, viewer: int) -> None:
        """Remove a viewer; the pen goes to the viewer who asks for it, or to none."""
        with self._lock:
            self._names.pop(viewer, None)
            self._writers.discard(viewer)
            self._was_refused.discard(viewer)
            if self._asking is not None and self._asking.viewer == viewer:
                self._asking = None
            if self._holder == viewer:
                self._pass_on()

    def holds(self, viewer: int) -> bool:
        """Return whether a viewer holds the pen now."""
        with self._lock:
            self._settle()
            return self._holder == viewer

    def take(self, viewer: int) -> None:
        """Give a viewer the pen if it is free, else ask its holder for it."""
        with self._lock:
            self._settle()
            if viewer not in self._writers or self._holder == viewer or self._asking is not None:
                return
            if self._holder is None:
                self._holder = viewer
                return
            due = self._clock() + NOTICE_SECONDS
            self._asking = _Asking(viewer, due, viewer not in self._was_refused)

    def release(self, viewer: int) -> None:
        """Give the pen to the viewer who asks for it, or to none."""
        with self._lock:
            self._settle()
            if self._holder == viewer:
                self._pass_on()

    def keep(self, viewer: int) -> bool:
        """Refuse a request for the pen; return whether it could be refused."""
        with self._lock:
            self._settle()
            asking = self._asking
            if self._holder != viewer or asking is None or not asking.can_be_refused:
                return False
            self._was_refused.add(asking.viewer)
            self._asking = None
            return True

    def view(self, viewer: int) -> PenView:
        """Return the pen as a viewer sees it."""
        with self._lock:
            self._settle()
            asking = self._asking
            return PenView(
                viewers=len(self._names),
                holder="" if self._holder is None else self._names[self._holder],
                is_yours=self._holder == viewer,
                asked_by="" if asking is None else self._names[asking.viewer],
                is_asking=asking is not None and asking.viewer == viewer,
                seconds_left=0 if asking is None else max(1, round(asking.due - self._clock())),
            )

    def _distinct(self, name: str) -> str:
        """Return a name that no viewer has: two terminals of one machine have one name."""
        taken = set(self._names.values())
        numbered = (f"{name} {number}" for number in itertools.count(2))
        return name if name not in taken else next(one for one in numbered if one not in taken)

    def _settle(self) -> None:
        """Pass the pen on if the notice is over."""
        if self._asking is not None and self._clock() >= self._asking.due:
            self._pass_on()

    def _pass_on(self) -> None:
        asking, self._asking = self._asking, None
        self._holder = None if asking is None else asking.viewer
        self._was_refused.clear()
