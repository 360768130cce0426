"""Serving a run while a block runs, or until its server is closed."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tuitrain.errors import TuitrainError

from .pen import Pen
from .run_server import RunServer
from .watched_run import WatchedRun

PRIVATE_VARIABLE: Final = "TUITRAIN_PRIVATE"
"""The environment variable that turns serving off, unless it is empty or 0."""


@contextmanager
def serving(
    run: WatchedRun, folder: Path, name: str, log: Callable[[str], None], private: bool = False
) -> Generator[Pen, None, None]:
    """Serve a run until the block is left, and return the pen of its viewers.

    Parameters
    ----------
    run, folder, name, log, private : see `start_server`
    """
    pen = Pen()
    server = start_server(run, folder, name, log, private, pen)
    try:
        yield pen
    finally:
        if server is not None:
            server.close()


def start_server(
    run: WatchedRun,
    folder: Path,
    name: str,
    log: Callable[[str], None],
    private: bool = False,
    pen: Pen | None = None,
) -> RunServer | None:
    """Serve a run until the server is closed; return None if it is not served.

    A run that cannot be served is still trained, with a line in the log.

    Parameters
    ----------
    run : gives viewers snapshots and takes their commands
    folder : of its record
    name : of the run
    log : called with a line about a fault
    private : serve it to no other process; so does `PRIVATE_VARIABLE`
    pen : knows who steers
    """
    if private or os.environ.get(PRIVATE_VARIABLE, "") not in ("", "0"):
        return None
    try:
        return RunServer(run, folder, name, log, pen).start()
    except TuitrainError as error:
        log(f"this run cannot be watched from other processes: {error}")
        return None
