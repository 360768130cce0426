"""SIGTERM and SIGHUP raise an exception, as an interrupt does."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from tuitrain.errors import TerminatedError

SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def signals_raise() -> Iterator[None]:
    """Raise `TerminatedError` on these signals, so that open resources are closed.

    For example, a progress bar is removed and the cursor is shown again. A signal that the process
    ignores, as under nohup, stays ignored.
    """

    def end(number: int, frame: FrameType | None) -> None:
        del frame
        raise TerminatedError(number)

    handled = [number for number in SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in handled:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)
