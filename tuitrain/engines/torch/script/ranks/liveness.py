"""Whether the ranks of a run live: each has a connection to rank 0, and gives signs of life."""

from __future__ import annotations

import os
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Final

from tuitrain.after_fork import leave_to_parent
from tuitrain.encoding import write_line
from tuitrain.errors import RunFailedError, describe_error
from tuitrain.text import visible

from .gloo_threads import end_at_once

TIMEOUT_VARIABLE: Final = "TUITRAIN_RANK_TIMEOUT"
"""The environment variable with the seconds without a sign of life after which a rank is lost."""

TIMEOUT_SECONDS: Final = 60.0
"""The seconds that count without that variable."""

GRACE_SECONDS: Final = 2.0
"""Seconds that the loop gets to end by itself after a rank was lost."""

SESSION_SECONDS: Final = 20.0
"""Maximum seconds that rank 0 gets to write the end of its record."""

SIGN: Final = b"\n"
LEFT: Final = "left"
FAILED: Final = "failed"
INTERRUPTED: Final = "interrupted"


def rank_timeout() -> float:
    """Return the seconds without a sign of life after which a rank is lost."""
    try:
        seconds = float(os.environ.get(TIMEOUT_VARIABLE, ""))
    except ValueError:
        return TIMEOUT_SECONDS
    return seconds if seconds > 0 else TIMEOUT_SECONDS


class Liveness(ABC):
    """Gives signs of life, and notes which rank is lost.

    Parameters
    ----------
    timeout : seconds without a sign of life after which a rank is lost

    Attributes
    ----------
    lost : which rank is lost and why, as a sentence; "" while all live
    is_interrupted : whether that rank was interrupted by a signal
    on_lost : called in the thread of this class with that sentence, once
    has_session_ended : whether the session, if there is one, has written the end of the run
    timeout : the parameter
    """

    def __init__(self, timeout: float) -> None:
        self.lost = ""
        self.is_interrupted = False
        self.on_lost: Callable[[str], None] = lambda _: None
        self.has_session_ended = threading.Event()
        self.has_session_ended.set()
        self.timeout = timeout
        self._interval = min(1.0, timeout / 5)
        self._is_noticed = threading.Event()
        self._loop_thread = threading.get_ident()
        self._is_closed = False
        self._known = threading.Event()
        self._waiting: threading.Event | None = None
        self._thread = threading.Thread(target=self._run, name="tuitrain-ranks", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        leave_to_parent(self)
        self._thread.start()

    def check(self) -> None:
        """Raise if a rank is lost.

        Raises
        ------
        RunFailedError : names the rank and the reason
        """
        if self.lost:
            self._note_loss()
            raise RunFailedError(self.lost)

    @contextmanager
    def waiting(self, done: threading.Event) -> Generator[None]:
        """Set an event also when a rank is lost, so that a wait for it ends."""
        self._waiting = done
        if self.lost:
            done.set()
        yield
        self._waiting = None

    def explain(self, error: BaseException | None) -> BaseException | None:
        """Return an error that names the lost rank, if an error of the loop is due to that."""
        reason = self.lost
        if isinstance(error, RuntimeError | KeyboardInterrupt):  # torchrun ends the other ranks
            self._known.wait(self._interval)
            reason = self.lost or self._explain_ended()
        if not reason or (self.is_interrupted and isinstance(error, KeyboardInterrupt)):
            return error
        self._note_loss()
        return RunFailedError(reason)

    def _note_loss(self) -> None:
        """Note that the loop ends by itself; the session's thread may notice a loss before it."""
        if threading.get_ident() == self._loop_thread:
            self._is_noticed.set()

    @abstractmethod
    def leave(self) -> None:
        """Note that the loop of this rank has ended, so that its process may end."""

    def report_end(self, error: BaseException, step: int) -> None:
        """Tell the other side why the loop of this rank ends, unless the run has ended before it.

        Parameters
        ----------
        error : what has ended the loop
        step : its steps taken
        """
        if isinstance(error, KeyboardInterrupt):
            self.report(INTERRUPTED, f"was interrupted at step {step}")
        else:
            self.report(FAILED, f"has failed at step {step}: {describe_error(error)}")

    @abstractmethod
    def report(self, word: str, text: str) -> None:
        """Tell the other side why this rank ends, unless the run has ended before it.

        Parameters
        ----------
        word : `FAILED` or `INTERRUPTED`
        text : says what this rank has done, as the predicate of a sentence
        """

    @abstractmethod
    def close(self) -> None:
        """End the connections: the run has ended on all ranks."""

    @abstractmethod
    def after_fork(self) -> None:
        """Leave the connections to the parent process; called in a forked child."""

    def _explain_ended(self) -> str:
        """Return which rank has ended its loop and its process, as a sentence, or ""."""
        return ""

    @abstractmethod
    def _run(self) -> None:
        """Read and give signs of life until the end."""

    def _lose(self, reason: str, is_interrupted: bool = False) -> None:
        """End the run, and at last the process, because a rank is lost.

        The reason is written at once: torchrun may end this process soon.
        """
        self.is_interrupted = is_interrupted
        self.lost = reason
        end_at_once()
        with suppress(OSError, ValueError):
            write_line(visible(f"tuitrain: {reason}"), sys.stderr)
        if (waiting := self._waiting) is not None:
            waiting.set()
        self._known.set()
        self.on_lost(reason)
        has_ended = self.has_session_ended.wait(SESSION_SECONDS)
        if not has_ended or not self._is_noticed.wait(GRACE_SECONDS):
            os._exit(1)  # the session or the loop waits in a collective operation that has no end
