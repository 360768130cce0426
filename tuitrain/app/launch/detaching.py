"""Detaching the run of a screen: it continues in a process of its own, from a checkpoint."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tuitrain.commands import Checkpoint, Pause
from tuitrain.encoding import write_line
from tuitrain.remote.detached.start import say_slow, start_detached
from tuitrain.run.live.live_run import LiveRun
from tuitrain.run.snapshot import Phase

CHECKPOINT_SECONDS: Final = 60.0
"""Seconds in which a checkpoint must be saved before a run is detached; a step may be long."""


class LeavingRun:
    """How the user has left a run.

    Parameters
    ----------
    folder : of the record
    pauses : whether the run is paused before its checkpoint, so that it takes no step after it

    Attributes
    ----------
    folder : of the record
    detaches : whether it is to continue in a process of its own
    is_paused : whether it was paused
    """

    def __init__(self, folder: Path, pauses: bool = False) -> None:
        self.folder = folder
        self.detaches = False
        self.is_paused = False
        self._pauses = pauses

    def prepare(self, run: LiveRun) -> None:
        """Save a checkpoint at the present boundary, from which another process continues."""
        snapshot = run.snapshot()
        if snapshot.phase.ended or snapshot.phase is Phase.STARTING:
            return
        self.detaches = True
        run.keep_scheduled()
        was_paused = snapshot.phase is Phase.PAUSED
        if self._pauses and not was_paused:
            run.submit(Pause(), "key", why="detached")
        ticket = run.submit(Checkpoint(_checkpoint_name(snapshot.checkpoints)), "key")
        with suppress(TimeoutError):  # without it the other process trains a part again
            run.answer(ticket, CHECKPOINT_SECONDS)
        self.is_paused = was_paused if self._pauses else run.snapshot().phase is Phase.PAUSED


def _checkpoint_name(taken: Sequence[str]) -> str:
    """Return a free name without a step: the run trains on until the checkpoint is saved."""
    names = ["detached", *(f"detached-{letter}" for letter in "bcdefghijklmnopqrstuvwxyz")]
    return next((name for name in names if name not in taken), names[0])


def _resume_words(folder: Path, options: Sequence[str]) -> list[str]:
    return ["resume", "--hosted", *options, str(folder.absolute())]


@contextmanager
def detaching(
    folder: Path,
    make_words: Callable[[Path, Sequence[str]], list[str]] = _resume_words,
    pauses: bool = False,
) -> Generator[LeavingRun, None, None]:
    """Continue a run in a process of its own, if the user leaves it so.

    Parameters
    ----------
    folder : of the record
    make_words : returns the arguments of that process, for the folder and further options
    pauses : see `LeavingRun`

    Raises
    ------
    TuitrainError : the process could not be started
    """
    leaving = LeavingRun(folder, pauses)
    yield leaving
    if not leaving.detaches:
        return
    paused = ["--paused"] if leaving.is_paused else []
    folder = leaving.folder
    facts = start_detached(make_words(folder, paused), folder, say_slow)
    text = f"detached: it runs as {facts.id}; look at it with: tuitrain attach {facts.id}"
    write_line(text, sys.stderr)
