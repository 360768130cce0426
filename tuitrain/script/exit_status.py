"""The exit status of a script that Python itself would end with another one."""

from __future__ import annotations

import os
from collections.abc import Callable


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
