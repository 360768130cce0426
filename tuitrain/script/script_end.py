"""The end of a script, which ends its run: its exit, an uncaught exception, or a signal.

Its exit status may be another one than Python itself would give it.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import TracebackType

from tuitrain.errors import TerminatedError
from tuitrain.run.ending_signals import ENDING_SIGNALS


class ScriptEnd:
    """Ends a run with its script.

    Parameters
    ----------
    end_run : called when the process exits

    Attributes
    ----------
    error : the exception that has ended the script, or None
    """

    def __init__(self, end_run: Callable[[], None]) -> None:
        self.error: BaseException | None = None
        self._end_run = end_run

    def begin(self) -> None:
        """Have the end of the script end the run, from now on."""
        self._previous_hook = sys.excepthook
        sys.excepthook = self._note_error
        atexit.register(self._end_run)
        ENDING_SIGNALS.begin()

    def cancel(self) -> None:
        """Do nothing at the end of the script: the run ends before it, or in another process."""
        atexit.unregister(self._end_run)
        if sys.excepthook == self._note_error:
            sys.excepthook = self._previous_hook

    @contextmanager
    def held(self) -> Generator[None]:
        """Hold signals inside a block in which the run ends.

        Raises
        ------
        TerminatedError : a signal has arrived in the block, and nothing else has ended the script
        """
        with ENDING_SIGNALS.held() as held:
            yield
        ENDING_SIGNALS.end()
        if held.number and self.error is None:
            raise TerminatedError(held.number)

    def _note_error(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        self.error = error
        self._previous_hook(kind, error, trace)


class _Exit:
    """Ends the process with a status when it is deleted.

    Python ignores what a function of `atexit` raises. The variables of modules are deleted after
    all of those functions, and after the output is flushed; so all that is needed then is an
    argument here.
    """

    def __init__(self, status: int) -> None:
        self.status = status
        self._process = os.getpid()

    def __del__(
        self, end: Callable[[int], object] = os._exit, get_process: Callable[[], int] = os.getpid
    ) -> None:
        if get_process() == self._process:
            end(self.status)


_kept: list[_Exit] = []


def set_exit_status(status: int) -> None:
    """Have this process, which is about to end, end with a status; the first one counts."""
    if not _kept:
        _kept.append(_Exit(status))
