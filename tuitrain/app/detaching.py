"""Detaching the run of a screen: it continues in a process of its own, from a checkpoint."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tuitrain.commands import Checkpoint
from tuitrain.encoding import write_line
from tuitrain.remote.detached.start import start_detached
from tuitrain.run.live.live_run import LiveRun
from tuitrain.run.snapshot import Phase

CHECKPOINT_SECONDS: Final = 60.0
"""Seconds in which a checkpoint must be saved before a run is detached; a step may be long."""


class LeavingRun:
    """How the user has left a run.

    Attributes
    ----------
    detaches : whether it is to continue in a process of its own
    is_paused : whether it was paused
    """

    def __init__(self) -> None:
        self.detaches = False
        self.is_paused = False

    def prepare(self, run: LiveRun) -> None:
        """Save a checkpoint at the present boundary, from which another process continues."""
        snapshot = run.snapshot()
        if snapshot.phase.ended or snapshot.phase is Phase.STARTING:
            return
        self.detaches = True
        ticket = run.submit(Checkpoint(f"detached-{snapshot.step}"), "key")
        with suppress(TimeoutError):  # without it the other process trains a part again
            run.answer(ticket, CHECKPOINT_SECONDS)
        self.is_paused = run.snapshot().phase is Phase.PAUSED


@contextmanager
def detaching(folder: Path) -> Generator[LeavingRun, None, None]:
    """Continue a run in a process of its own, if the user leaves it so.

    Raises
    ------
    TuitrainError : the process could not be started
    """
    leaving = LeavingRun()
    yield leaving
    if not leaving.detaches:
        return
    paused = ["--paused"] if leaving.is_paused else []
    facts = start_detached(["resume", "--hosted", *paused, str(folder.absolute())], folder)
    text = f"detached: it runs as {facts.id}; look at it with: tuitrain attach {facts.id}"
    write_line(text, sys.stderr)
