"""The app in a browser: what is asked for on the command line, and what can go wrong."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from tuitrain.encoding import write_line
from tuitrain.errors import TuitrainError
from tuitrain.text import visible

LOOPBACK_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8000

_MISSING: Final = (
    'tuitrain serve needs textual-serve, which is not installed: pip install "tuitrain[serve]"'
)
_OPEN: Final = (
    "tuitrain: warning: whoever reaches {host}, port {port}, can start and steer runs, and write "
    "files as you; there is no password"
)


def serve(arguments: Sequence[str], host: str = LOOPBACK_HOST, port: int = DEFAULT_PORT) -> None:
    """Serve the app until it is interrupted; every page that is opened is a run of its own.

    Parameters
    ----------
    arguments : of `tuitrain run`
    host : whom to listen to; other than a loopback address is warned of
    port : 1 to 65535

    Raises
    ------
    TuitrainError : textual-serve is not installed, or nobody can listen there
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
    command = shlex.join([sys.executable, "-m", "tuitrain.cli", "run", *arguments])
    try:
        LocalServer(command, host, port).serve()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error
        raise TuitrainError(f"cannot listen at {host}, port {port}: {reason}") from None


def is_loopback(host: str) -> bool:
    """Whether an address is of this machine alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_same_origin(host: str, origin: str | None, served_at: str) -> bool:
    """Whether a request comes from a page that was served here, or from no page.

    Any page that a browser shows may ask any address. So a loopback server is asked under a
    loopback name, or somebody has given its address another name; and a page that asks is its own.

    Parameters
    ----------
    host, origin : those headers of the request
    served_at : the address that is listened at
    """
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    under_its_name = not is_loopback(served_at) or is_loopback(name.strip("[]"))
    return under_its_name and (origin is None or origin.partition("://")[2] == host)
