"""Running a script again in a process of its own, to repeat the session of a record."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tuitrain.errors import RunFailedError, TerminatedError, TuitrainError
from tuitrain.records.record_reader import read_header
from tuitrain.scenario.verify import is_run_of_script

from .repetition import VARIABLE, Answer, Request, encode_request, read_answer

_END_SECONDS: Final = 30.0
"""Seconds that a script gets to end after an interrupt; then it is killed."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """How a script that was run again has ended.

    Attributes
    ----------
    answer : of the run
    status : the exit status of the process; 128 and its number, if a signal has ended it
    """

    answer: Answer
    status: int


def repeat_script(
    action: Literal["replay", "resume"],
    folder: Path,
    command: Sequence[str],
    checkpoint: str | None = None,
    although_changed: bool = False,
    is_quiet: bool = False,
) -> Repeated:
    """Run the script of a record again, and have its first `watch` repeat the session.

    Parameters
    ----------
    action : compare with the record, or continue it
    folder : of the record
    command : runs the script; a file that ends in ``.py`` is run by this Python
    checkpoint, although_changed : see `Request`
    is_quiet : write what the script prints to stderr

    Raises
    ------
    TuitrainError : the record is not of a script, or the command is not found
    RunFailedError : the script has ended without a step under `watch`, or was killed
    """
    if not is_run_of_script(read_header(folder)):
        raise TuitrainError(
            f"{folder}: this run was trained from a scenario; `tuitrain {action} {folder}` needs "
            "no command"
        )
    words = [sys.executable, *command] if command[0].endswith(".py") else list(command)
    with tempfile.TemporaryDirectory(prefix="tuitrain-") as temporary:
        answer = str(Path(temporary) / "answer.json")
        request = Request(action, str(folder.absolute()), answer, checkpoint, although_changed)
        status = _run(words, encode_request(request), is_quiet)
        result = read_answer(request)
    if result is None and status < 0:
        raise RunFailedError(f"{shlex.join(command)} was killed by signal {-status}")
    if result is None:
        raise RunFailedError(
            f"{shlex.join(command)} has ended with status {status}, and without a step under "
            "tuitrain.watch"
        )
    result.raise_error()
    return Repeated(result, status if status >= 0 else 128 - status)


def _run(words: Sequence[str], request: str, is_quiet: bool) -> int:
    """Run a command, and return its exit status; an interrupt ends it too."""
    output = sys.stderr.fileno() if is_quiet else None
    try:
        process = subprocess.Popen(words, env={**os.environ, VARIABLE: request}, stdout=output)
    except OSError as error:
        raise TuitrainError(f"{words[0]} cannot be run: {error.strerror}") from None
    try:
        return process.wait()
    except KeyboardInterrupt as interruption:  # a terminal interrupts the script, too
        if isinstance(interruption, TerminatedError):
            process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
        raise
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
