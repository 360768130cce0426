"""Starting a detached run, whose process outlives the terminal and the shell."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from tuitrain.encoding import write_line
from tuitrain.errors import RunFailedError, TuitrainError, UserCodeError
from tuitrain.run.snapshot import Phase

from ..local.live_entry import RunFacts, read_entries, run_id
from ..local.live_runs import ask_run

POLL_SECONDS: Final = 0.05
"""Seconds between two checks of whether the run is there."""

START_SECONDS: Final = 60.0
"""Seconds in which the process must have its socket; importing takes one, a busy machine more."""

NOTICE_SECONDS: Final = 5.0
"""Seconds of building after which `on_slow` is called."""

_BAD_INPUT: Final = 2
"""The exit status of a process that was given bad input."""

_MARK: Final = "tuitrain: "
"""The beginning of an error of the process."""

_children: list[subprocess.Popen[bytes]] = []
"""The processes that were started: one that is forgotten while it runs is a warning of Python."""


def start_detached(
    words: Sequence[str], folder: Path, on_slow: Callable[[RunFacts], object] = lambda _: None
) -> RunFacts:
    """Start ``tuitrain`` with these arguments in a process of its own, and wait for its run.

    The run is built then: its data and its model are loaded. The run of a script has begun its
    first step under `watch`.

    Parameters
    ----------
    words : the arguments of a run that serves its socket at once
    folder : of its record
    on_slow : called once, if the run has a socket and takes more than `NOTICE_SECONDS` to build

    Raises
    ------
    TuitrainError : the process has ended before, for bad input; with what it has written to stderr
    RunFailedError : it has ended before, for another reason
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "tuitrain", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            env={**os.environ, "TUITRAIN_DETACHED": "1"},
        )
        _children.append(process)
        facts = _wait_for_socket(process, run_id(folder), errors)
        _wait_until_built(process, facts, errors, on_slow)
        return facts


def say_slow(facts: RunFacts) -> None:
    """Say on stderr how a run is reached that is still being built."""
    write_line(f"the run is being built; meanwhile: tuitrain attach {facts.id}", sys.stderr)


def _wait_for_socket(process: subprocess.Popen[bytes], identity: str, errors: BinaryIO) -> RunFacts:
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        for facts in read_entries():
            if facts.id == identity and facts.pid == process.pid and facts.socket.exists():
                return facts
        if process.poll() is not None:
            raise _failure(process.returncode, errors)
        if time.monotonic() > give_up_at:
            process.kill()
            raise TuitrainError(f"the run has made no socket in {START_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)


def _wait_until_built(
    process: subprocess.Popen[bytes],
    facts: RunFacts,
    errors: BinaryIO,
    on_slow: Callable[[RunFacts], object],
) -> None:
    """Wait until a run has left its first phase, or its process has ended."""
    start = answered_at = time.monotonic()
    is_noted = False
    while process.poll() is None:
        row, now = ask_run(facts), time.monotonic()
        if row.status is not None:
            answered_at = now
            phase = Phase(row.status.phase)
            if phase not in (Phase.STARTING, Phase.FAILED) or row.status.step:
                return
        if now - answered_at > START_SECONDS:
            raise RunFailedError(f"the run (process {facts.pid}) has no service: {row.problem}")
        if not is_noted and now - start > NOTICE_SECONDS:
            is_noted = True
            on_slow(facts)
        time.sleep(POLL_SECONDS)
    if process.returncode:
        raise _failure(process.returncode, errors)


def _failure(status: int, errors: BinaryIO) -> TuitrainError:
    """Return the error of a process that has ended: its last message, and a traceback before."""
    errors.seek(0)
    text = errors.read().decode(errors="replace").strip()
    traceback, mark, reason = text.rpartition(f"\n{_MARK}")
    if not mark:
        traceback, reason = "", text.removeprefix(_MARK)
    reason = reason or f"the process has ended with status {status}"
    if status != _BAD_INPUT:
        return RunFailedError(reason, traceback)
    return UserCodeError(reason, traceback) if traceback else TuitrainError(reason)
