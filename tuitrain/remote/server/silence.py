"""How long a viewer may be silent: viewers send a ping each second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from ..errors import SilentViewerError

SILENCE_SECONDS: Final = 30.0
"""Seconds without a message after which a viewer counts as lost. A laptop that was closed leaves no
other sign for hours, and may have the pen."""

_Value = TypeVar("_Value")


async def await_viewer(waiting: Awaitable[_Value], name: str) -> _Value:
    """Wait for a viewer that sends or reads.

    Parameters
    ----------
    name : of the viewer; "" if it is not known

    Raises
    ------
    SilentViewerError : it has not, for `SILENCE_SECONDS`
    """
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            return await waiting
    except TimeoutError:
        seconds = f"{SILENCE_SECONDS:.0f} s"
        raise SilentViewerError(f"{name or 'a viewer'}: no word for {seconds}") from None
