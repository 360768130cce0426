"""SIGTERM and SIGHUP raise an exception, as an interrupt does."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from tuitrain.errors import TerminatedError
from tuitrain.run.ending_signals import SIGNALS, take_usual_effect


@contextmanager
def signals_raise() -> Iterator[None]:
    """Raise `TerminatedError` on these signals, so that open resources are closed.

    For example, a progress bar is removed and the cursor is shown again. A signal that the process
    ignores, as under nohup, stays ignored. In a forked child, such as the worker of a loader, a
    signal takes its usual effect.
    """
    process = os.getpid()

    def end(number: int, frame: FrameType | None) -> None:
        del frame
        if os.getpid() != process:
            take_usual_effect(number)
        raise TerminatedError(number)

    handled = [number for number in SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in handled:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)
