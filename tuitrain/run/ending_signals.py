"""SIGTERM and SIGHUP end the runs of a script as an interrupt does, so that their records end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final

from tuitrain.errors import TerminatedError

SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


def take_usual_effect(number: int) -> None:
    """Have a signal take its usual effect on this process: it ends at once."""
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


@dataclass
class HeldSignal:
    """The first signal that has arrived inside a block; its number is 0 if there was none."""

    number: int = 0


class EndingSignals:
    """Raises `TerminatedError` in the main thread on the first signal, while a run trains.

    A second signal ends the process at once. Signals that are ignored or handled stay so, and
    outside the main thread all do. In a forked child, such as the worker of a loader, they take
    their usual effect.
    """

    def __init__(self) -> None:
        self._runs = 0
        self._has_received = False
        self._held: HeldSignal | None = None
        self._process = os.getpid()

    def begin(self) -> None:
        """Note that a run begins."""
        self._runs += 1
        if threading.current_thread() is not threading.main_thread():
            return
        self._process = os.getpid()
        for number in SIGNALS:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, self._receive)

    def end(self) -> None:
        """Note that a run has ended; after the last one, signals take their usual effect."""
        self._runs -= 1
        if self._runs or threading.current_thread() is not threading.main_thread():
            return
        for number in SIGNALS:
            if signal.getsignal(number) == self._receive:
                signal.signal(number, signal.SIG_DFL)

    @contextmanager
    def held(self) -> Generator[HeldSignal]:
        """Note a signal inside a block, and raise nothing there: a run writes its end."""
        before, self._held = self._held, HeldSignal()
        try:
            yield self._held
        finally:
            self._held = before

    def _receive(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._has_received or not self._runs or self._process != os.getpid():
            take_usual_effect(number)
        self._has_received = True
        if self._held is None:
            raise TerminatedError(number)
        self._held.number = number


ENDING_SIGNALS: Final = EndingSignals()
"""Those of this process, which may have several runs."""
