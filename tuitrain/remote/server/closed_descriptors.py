"""The service of a run whose script closes all descriptors, as programs that become daemons do.

The numbers of the descriptors may belong to other files by then, so nothing is closed any more.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Coroutine
from typing import Any, Final

LOST_DESCRIPTORS: Final = (
    "this run cannot be watched any more: the script has closed descriptors that are not its own"
)

_abandoned: list[asyncio.Runner] = []
"""Loops whose descriptors were closed. They are kept: to forget one would close its numbers."""


class DescriptorsClosedError(Exception):
    """The descriptors of the service were closed by other code of this process."""


def is_socket(descriptor: int) -> bool:
    """Return whether a descriptor is open and leads to a socket."""
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        return False


def run_to_end(service: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine in an event loop of its own, as `asyncio.run` does.

    Raises
    ------
    DescriptorsClosedError : the loop cannot wait, for its descriptors were closed
    """
    runner = asyncio.Runner()
    try:
        runner.run(service)
    except OSError:
        _abandoned.append(runner)
        raise DescriptorsClosedError from None
    except BaseException:
        runner.close()
        raise
    runner.close()
