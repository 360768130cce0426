"""The run that a user names: of this machine, or of another one."""

from __future__ import annotations

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
    NoSuchRunError : no live run of this machine is called so
    ConnectionProblem : the host is no name of a host
    """
    host, colon, run = word.partition(":")
    if colon and "/" not in host and not Path(word).exists():
        return SshEndpoint(host, run, asks)
    return SocketEndpoint(find_run(word))
