"""The thread of a live run: bursts of steps, with commands, requests and snapshots between them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from traceback import format_exception

from tuitrain.commands import to_text
from tuitrain.errors import RunFailedError, TuitrainError, describe_error
from tuitrain.text import format_count

from ..logs.log_capture import LogCapture
from ..progress import ProgressCallback
from ..session import Session
from ..snapshot import JournalEntry, Phase, Snapshot
from .inspection import LiveInspection
from .mailbox import Mailbox, Submission, ViewRequests
from .overhead import OverheadMeter
from .publisher import Publisher
from .throughput import ThroughputMeter

MAIL_INTERVAL_SECONDS = 0.02
"""Seconds of training after which the present burst is the last one before mail is read."""


class _ClosedError(Exception):
    """The run was closed while steps were retrained."""


class TrainingThread:
    """Builds a session and trains it until the run is closed.

    Parameters
    ----------
    build : makes the session; called on this thread, because it loads data and compiles kernels
    mailbox : brings commands and requests
    publisher : receives snapshots
    clock : seconds that only grow
    log : receives the traceback of a failure, or None

    Attributes
    ----------
    error : why the run has failed, or None; a `RunFailedError` if it had started
    """

    def __init__(
        self,
        build: Callable[[ProgressCallback], Session],
        mailbox: Mailbox,
        publisher: Publisher,
        clock: Callable[[], float],
        log: LogCapture | None,
    ) -> None:
        self.error: TuitrainError | None = None
        self._build = build
        self._mailbox = mailbox
        self._publisher = publisher
        self._clock = clock
        self._log = log
        self._inspection = LiveInspection(clock)
        self._requests = ViewRequests()
        self._throughput = ThroughputMeter(clock)
        self._overhead = OverheadMeter(clock)
        self._was_suspended = False
        self._thread = threading.Thread(target=self._run, name="tuitrain-run", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self) -> None:
        """Wait until the thread has ended; returns at once if it was never started."""
        if self._thread.is_alive():
            self._thread.join()

    def exclude_suspension(self) -> None:
        """Restart the meters after this burst: the process was suspended during it."""
        self._was_suspended = True

    def _run(self) -> None:
        try:
            session = self._build(self._report_progress)
        except TuitrainError as error:
            self._fail(error)
        except BaseException as error:  # the user's own model or data may raise anything
            self._fail(self._as_failure(error))
        else:
            self._train(session)

    def _train(self, session: Session) -> None:
        self._connect(session)
        try:
            while not self._mailbox.is_closing:
                self._visit_boundary(session)
                if session.phase is Phase.RUNNING:
                    self._run_burst(session)
                else:
                    self._wait()
            session.apply_planned()  # planned commands of a boundary precede an end there
            session.end("left")
        except _ClosedError:
            session.end("left")
        except BaseException as error:  # the user's own model or data may raise anything
            failure = self._as_failure(error, f"step {session.step + 1}: ")
            with suppress(Exception):  # a model that has raised may raise again here
                self._publish(session, now=True)
            session.end("failed")
            self._fail(failure)

    def _connect(self, session: Session) -> None:
        """Let the mailbox interrupt bursts, and the timeline report its progress."""
        self._mailbox.interrupt_burst = session.engine.interrupt
        if self._log is not None:
            self._log.get_step = lambda: session.step
        timeline = session.timeline

        def on_retraining(step: int, target: int) -> None:
            if self._mailbox.is_closing:
                raise _ClosedError
            note = f"{timeline.purpose}: step {format_count(step)} of {format_count(target)}"
            self._publisher.update_if_due(note=note, progress=None)

        timeline.on_progress = on_retraining
        timeline.training = self._overhead.training

    def _visit_boundary(self, session: Session) -> None:
        """Apply the planned and the submitted commands, and publish the result."""
        session.apply_planned()
        submissions, self._requests = self._mailbox.receive()
        for submission in submissions:
            session.apply_command(submission.command, submission.actor, submission.ticket)
        session.on_boundary()
        has_preview = self._inspection.update_preview(session, self._requests.preview)
        is_waiting = session.phase is not Phase.RUNNING
        self._publish(session, now=bool(submissions) or has_preview or is_waiting)

    def _run_burst(self, session: Session) -> None:
        mailbox, clock = self._mailbox, self._clock
        deadline = clock() + MAIL_INTERVAL_SECONDS
        before = session.step
        session.run_burst(lambda: mailbox.has_mail or clock() >= deadline)
        if self._was_suspended:
            self._was_suspended = False
            self._reset_meters()
        samples_until = session.timeline.batches.samples_until
        self._throughput.add(samples_until(session.step) - samples_until(before))
        self._overhead.end_burst()

    def _wait(self) -> None:
        self._reset_meters()
        self._mailbox.wait()

    def _reset_meters(self) -> None:
        self._throughput.reset()
        self._overhead.reset()

    def _publish(self, session: Session, now: bool = False) -> None:
        def build(time: float) -> Snapshot:
            speed = self._throughput.per_second()
            snapshot = self._inspection.build_snapshot(session, self._requests, speed, time, now)
            return replace(snapshot, overhead=self._overhead.share())

        self._publisher.publish(build, now)

    def _report_progress(self, note: str, done: float | None = None) -> None:
        self._publisher.update(note=note, progress=done)

    def _as_failure(self, error: BaseException, where: str = "") -> RunFailedError:
        """Log the traceback, and return the error that ends the run."""
        if self._log is not None:
            self._log.add("error", "".join(format_exception(error)))
        return RunFailedError(f"{where}{describe_error(error)}")

    def _fail(self, error: TuitrainError) -> None:
        """Show why the run cannot continue, and refuse commands until it is closed."""
        self.error = error
        self._publisher.update(phase=Phase.FAILED, note=str(error))
        while not self._mailbox.is_closing:
            self._refuse(self._mailbox.receive()[0])
            self._wait()

    def _refuse(self, submissions: list[Submission]) -> None:
        if not submissions:
            return
        shown = self._publisher.newest
        refusals = tuple(
            JournalEntry(
                submission.ticket,
                shown.step,
                to_text(submission.command),
                submission.actor,
                "refused",
                "the run has failed",
            )
            for submission in submissions
        )
        self._publisher.update(journal=shown.journal + refusals)
