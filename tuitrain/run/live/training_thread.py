"""The thread of a live run: it builds the session, trains it, and shows how it has failed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from traceback import format_exception

from tuitrain.errors import RunFailedError, TuitrainError
from tuitrain.text import format_count
from tuitrain.user_code import describe_failed_step, describe_failure, format_traceback

from ..logs.log_capture import LogCapture
from ..progress import ProgressCallback
from ..session import Session
from ..snapshot import Phase
from .access import LiveAccess
from .boundary import Boundary

HAS_FAILED = "the run has failed"
"""Why a run that has failed refuses commands."""


class _ClosedError(Exception):
    """The run was closed while steps were retrained."""


class TrainingThread:
    """Builds a session and trains it until the run is closed.

    Parameters
    ----------
    build : makes the session; called on this thread, because it loads data and compiles kernels
    access : brings commands and requests, and receives snapshots
    clock : returns a monotonic time in seconds
    log : receives the traceback of a failure, or None

    Attributes
    ----------
    error : why the run has failed, or None; a `RunFailedError` if it had started
    keeps_scheduled : whether commands that wait for their steps stay in the record at the end
    """

    def __init__(
        self,
        build: Callable[[ProgressCallback], Session],
        access: LiveAccess,
        clock: Callable[[], float],
        log: LogCapture | None,
    ) -> None:
        self.error: TuitrainError | None = None
        self.keeps_scheduled = False
        self._build = build
        self._access = access
        self._mailbox, self._publisher = access.mailbox, access.publisher
        self._clock = clock
        self._log = log
        self._boundary: Boundary | None = None
        self._thread = threading.Thread(target=self._run, name="tuitrain-run", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the thread has ended, at most ``timeout`` seconds; return whether it has.

        Returns at once if it was never started.
        """
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def exclude_suspension(self) -> None:
        """Restart the meters after this burst: the process was suspended during it."""
        if self._boundary is not None:
            self._boundary.exclude_suspension()

    def _run(self) -> None:
        try:
            session = self._build(self._access.report_progress)
        except TuitrainError as error:
            self._fail(error)
        except BaseException as error:  # the user's own model or data may raise anything
            self._fail(self._as_failure(error))
        else:
            self._train(session)

    def _train(self, session: Session) -> None:
        boundary = self._boundary = Boundary(
            session, self._access, self._clock, self._log, self._check_open
        )
        try:
            while not self._mailbox.is_closing:
                boundary.visit()
                if session.phase is Phase.RUNNING:
                    boundary.run_burst()
                else:
                    boundary.wait()
            session.apply_planned()  # planned commands of a boundary precede an end there
            self._leave(session, boundary)
        except _ClosedError:
            self._leave(session, boundary)
        except BaseException as error:  # the user's own model or data may raise anything
            failure = self._as_failure(error, session)
            with suppress(Exception):  # a model that has raised may raise again here
                boundary.publish(now=True)
            session.end("failed", str(failure))
            self._fail(failure)

    def _leave(self, session: Session, boundary: Boundary) -> None:
        if not self.keeps_scheduled:
            boundary.commands.refuse_scheduled(
                f"the run was left at step {format_count(session.step)}"
            )
        session.end("left")

    def _check_open(self) -> None:
        """End the retraining of steps if the run is closed meanwhile."""
        if self._mailbox.is_closing:
            raise _ClosedError

    def _as_failure(self, error: BaseException, session: Session | None = None) -> RunFailedError:
        """Log the traceback, and return the error that ends the run."""
        if self._log is not None:
            self._log.add("error", "".join(format_exception(error)))
        if session is None:
            problem = describe_failure(error)
        else:
            problem = describe_failed_step(error, session.step, session.info.reports_metrics)
        return RunFailedError(problem, format_traceback(error))

    def _fail(self, error: TuitrainError) -> None:
        """Show why the run cannot continue, and refuse commands until it is closed."""
        self.error = error
        self._publisher.update(phase=Phase.FAILED, note=str(error), scheduled=())
        if self._boundary is not None:
            self._access.refuse(self._boundary.commands.take_waiting(), HAS_FAILED)
        while not self._mailbox.is_closing:
            self._access.refuse(self._mailbox.receive().submissions, HAS_FAILED)
            self._mailbox.wait()
