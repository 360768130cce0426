"""`tuitrain serve`: checks its arguments, and starts the server."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Final

from tuitrain.encoding import write_line
from tuitrain.errors import TuitrainError
from tuitrain.text import visible

from .origin import LOOPBACK_HOST, is_loopback

DEFAULT_PORT: Final = 8000

_MISSING: Final = (
    'tuitrain serve needs textual-serve, which is not installed: pip install "tuitrain[serve]"'
)
_OPEN: Final = (
    "tuitrain: warning: anyone who reaches {host}, port {port}, can start and steer runs, and "
    "write files as you; there is no password"
)


def serve(
    arguments: Sequence[str],
    host: str = LOOPBACK_HOST,
    port: int = DEFAULT_PORT,
    check: Callable[[], object] = lambda: None,
) -> None:
    """Serve the app until it is interrupted; every page starts its own run, or attaches to one.

    Parameters
    ----------
    arguments : of `tuitrain`: ``run`` or ``attach``, and theirs
    host : the address to listen on; a warning is printed unless it is a loopback address
    port : 1 to 65535
    check : raises `TuitrainError` while no page can be opened, such as after the end of a run

    Raises
    ------
    TuitrainError : textual-serve is not installed, or the address cannot be listened on
    """
    if not 1 <= port <= 65535:
        raise TuitrainError(f"--port takes a number from 1 to 65535, but was given {port}")
    try:
        from .server import LocalServer
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in ("textual_serve", "aiohttp"):
            raise
        raise TuitrainError(_MISSING) from None
    if not is_loopback(host):
        write_line(visible(_OPEN.format(host=host, port=port)), sys.stderr)
    command = shlex.join([sys.executable, "-m", "tuitrain.cli", *arguments])
    try:
        LocalServer(command, host, port, check).serve()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error
        raise TuitrainError(f"cannot listen at {host}, port {port}: {reason}") from None
