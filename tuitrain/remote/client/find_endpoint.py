"""The run that a user names: of this machine, or of another one."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ..local.find_run import find_run
from .endpoint import Endpoint, SocketEndpoint, SshEndpoint


def endpoint_of(word: str, asks: bool = False) -> Endpoint:
    """Return where a run is: ``HOST:RUN`` on another machine, else on this one.

    Parameters
    ----------
    word : as the user has written it; "" for the only live run of this machine
    asks : whether ssh may ask for a password on the terminal

    Raises
    ------
    NoSuchRunError : no live run of this machine has this name
    ConnectionProblem : the host is not the name of a host
    """
    host, colon, run = word.partition(":")
    if colon and "/" not in host and not _is_path(word):
        return SshEndpoint(host, run, asks)
    return SocketEndpoint(find_run(word))


def check_live(word: str) -> None:
    """Check that a run is live where a user has named it, without a question on the terminal.

    A run on another machine takes a connection.

    Parameters
    ----------
    word : see `endpoint_of`

    Raises
    ------
    NoSuchRunError : it is not live
    ConnectionProblem : its machine cannot be reached
    """
    endpoint = endpoint_of(word)
    if not endpoint.is_local:
        asyncio.run(_connect_once(endpoint))


def local_socket(word: str) -> str:
    """Return the path of the socket of a run of this machine; "" for one of another machine."""
    return str(find_run(word).socket) if endpoint_of(word).is_local else ""


async def _connect_once(endpoint: Endpoint) -> None:
    link = await endpoint.connect()
    await link.close()


def _is_path(word: str) -> bool:
    try:
        return Path(word).exists()
    except (OSError, ValueError):  # a name that no path can have, such as a very long one
        return False
