"""The exit status of a script whose plan has failed, and that did not end its run itself."""

from __future__ import annotations

import os
from collections.abc import Callable


class _FailingExit:
    """Ends the process with status 1 when it is deleted.

    Python ignores what a function of `atexit` raises. The variables of modules are deleted after
    all of those functions, and after the output is flushed; so all that is needed then is an
    argument here.
    """

    def __init__(self) -> None:
        self._process = os.getpid()

    def __del__(
        self,
        status: int = 1,
        end: Callable[[int], object] = os._exit,
        get_process: Callable[[], int] = os.getpid,
    ) -> None:
        if get_process() == self._process:
            end(status)


_kept: list[_FailingExit] = []


def fail_at_exit() -> None:
    """Have this process, which is about to end, end with status 1."""
    if not _kept:
        _kept.append(_FailingExit())
