"""Being told to end: SIGTERM and SIGHUP unwind what is open, as an interrupt does."""

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
    """Let the signals raise `EndedError` inside: a bar goes, and the cursor comes back.

    What is ignored, as under nohup, stays ignored.
    """

    def end(number: int, frame: FrameType | None) -> None:
        del frame
        raise TerminatedError(number)

    heard = [each for each in SIGNALS if signal.getsignal(each) is signal.SIG_DFL]
    for each in heard:
        signal.signal(each, end)
    try:
        yield
    finally:
        for each in heard:
            signal.signal(each, signal.SIG_DFL)
