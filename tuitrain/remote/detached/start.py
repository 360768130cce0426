"""Starting a run in a process of its own, which outlives the terminal and the shell."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from tuitrain.errors import RunFailedError, TuitrainError
from tuitrain.run.snapshot import Phase

from ..local.live_entry import RunFacts, read_entries, run_id
from ..local.live_runs import ask_run

POLL_SECONDS: Final = 0.05

BUILD_SECONDS: Final = 10.0
"""Seconds in which a run that cannot be built is reported; later its log says so."""

START_SECONDS: Final = 60.0
"""Seconds in which the process must have its socket; importing takes one, a busy machine more."""

_UNBUILT: Final = (Phase.STARTING.value, Phase.FAILED.value)

_children: list[subprocess.Popen[bytes]] = []
"""The processes that were started: one that is forgotten while it runs is a warning of Python."""


def start_detached(words: Sequence[str], folder: Path) -> RunFacts:
    """Start ``tuitrain`` with these arguments in a process of its own, and wait until it is built.

    A run whose building takes longer than `BUILD_SECONDS` is not waited for.

    Parameters
    ----------
    words : the arguments of a run that serves its socket at once
    folder : of its record

    Raises
    ------
    TuitrainError : the process has ended before; with what it has written to stderr
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
        _wait_until_built(process, facts, errors)
        return facts


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


def _wait_until_built(process: subprocess.Popen[bytes], facts: RunFacts, errors: BinaryIO) -> None:
    """Wait until the run has begun, at most `BUILD_SECONDS`; raise the error that has ended it."""
    give_up_at = time.monotonic() + BUILD_SECONDS
    while time.monotonic() < give_up_at:
        if process.poll() is not None:
            if process.returncode:
                raise _failure(process.returncode, errors)
            return  # a short run, which has ended
        status = ask_run(facts).status
        if status is not None and status.phase not in _UNBUILT:
            return
        time.sleep(POLL_SECONDS)


def _failure(status: int, errors: BinaryIO) -> TuitrainError:
    errors.seek(0)
    text = errors.read().decode(errors="replace").strip()
    kind = TuitrainError if status == 2 else RunFailedError  # the status of bad input
    reason = text.removeprefix("tuitrain: ") or f"the process has ended with status {status}"
    return kind(reason)
