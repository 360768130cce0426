"""Serving a run while a block runs."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from tuitrain.errors import TuitrainError

from .pen import Pen
from .run_server import RunServer
from .watched_run import WatchedRun


@contextmanager
def serving(
    run: WatchedRun, folder: Path, name: str, log: Callable[[str], None], private: bool = False
) -> Generator[Pen, None, None]:
    """Serve a run until the block is left, and return the pen of its viewers.

    A run that cannot be served is trained all the same, with a line in the log.

    Parameters
    ----------
    run : gives viewers snapshots and takes their commands
    folder : of its record
    name : of the run
    log : takes a line for what went wrong
    private : serve it to no other process
    """
    pen = Pen()
    server = None
    if not private:
        try:
            server = RunServer(run, folder, name, log, pen).start()
        except TuitrainError as error:
            log(f"this run cannot be watched from other processes: {error}")
    try:
        yield pen
    finally:
        if server is not None:
            server.close()
