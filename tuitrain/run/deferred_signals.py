"""Signals that end the process, deferred to a step boundary."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class DeferredSignals:
    """Defers signals inside a block; the first one takes its usual effect when the block is left.

    A second signal takes effect at once, because a step may take long. Signals that are ignored, or
    have the system's default action, keep it; outside the main thread all signals do.

    Parameters
    ----------
    on_signal : called when a signal arrives

    Attributes
    ----------
    received : whether a signal has arrived
    """

    def __init__(self, on_signal: Callable[[], None]) -> None:
        self.received = False
        self._on_signal = on_signal
        self._number = 0
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> DeferredSignals:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                handler = signal.getsignal(number)
                if callable(handler):
                    self._handlers[number] = handler
                    signal.signal(number, self._receive)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore_handlers()
        if self.received and error is None:
            signal.raise_signal(self._number)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received:
            self._restore_handlers()
            self._handlers[signal.Signals(number)](number, frame)
            return
        self.received, self._number = True, number
        self._on_signal()

    def _restore_handlers(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
