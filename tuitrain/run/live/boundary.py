"""The boundaries of a run that other threads watch and steer: mail, views, snapshots, bursts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tuitrain.text import format_count

from ..logs.log_capture import LogCapture
from ..session import Session
from ..snapshot import Phase
from .access import LiveAccess
from .inspection import LiveInspection
from .mailbox import ViewRequests
from .overhead import OverheadMeter
from .publisher import Publication
from .throughput import ThroughputMeter

MAIL_INTERVAL_SECONDS = 0.02
"""Seconds of training after which the present burst is the last one before mail is read."""


def _never() -> bool:
    return False


def _do_nothing() -> None:
    pass


class Boundary:
    """Applies the mail of a run at its boundaries, and publishes its snapshots.

    Its methods are called on the run's thread.

    Parameters
    ----------
    session : the run
    access : brings commands and requests, and receives snapshots
    clock : seconds that only grow
    log : notes the step of each line, or None
    check : called while steps are retrained; may raise
    """

    def __init__(
        self,
        session: Session,
        access: LiveAccess,
        clock: Callable[[], float],
        log: LogCapture | None = None,
        check: Callable[[], None] = _do_nothing,
    ) -> None:
        self._session = session
        self._mailbox, self._publisher = access.mailbox, access.publisher
        self._clock = clock
        self._check = check
        self._inspection = LiveInspection(clock)
        self._requests: Mapping[int, ViewRequests] = {}
        self._throughput = ThroughputMeter(clock)
        self._overhead = OverheadMeter(clock)
        self._was_suspended = False
        self._mailbox.interrupt_burst = session.engine.interrupt
        if log is not None:
            log.get_step = lambda: session.step
        session.timeline.on_progress = self._on_retraining
        session.timeline.training = self._overhead.training

    def exclude_suspension(self) -> None:
        """Restart the meters after this burst: the process was suspended during it.

        Any thread may call it.
        """
        self._was_suspended = True

    def visit(self) -> None:
        """Apply the planned and the submitted commands, and publish the result."""
        session = self._session
        session.apply_planned()
        mail = self._mailbox.receive()
        self._requests = mail.requests
        for submission in mail.submissions:
            session.apply_command(submission.command, submission.actor, submission.ticket)
        session.on_boundary()
        has_preview = self._inspection.update_previews(session, self._requests)
        is_waiting = session.phase is not Phase.RUNNING
        is_awaited = bool(mail.submissions) or mail.has_new_viewer or has_preview or is_waiting
        self.publish(now=is_awaited)

    def run_burst(
        self, should_stop: Callable[[], bool] = _never, max_steps: int | None = None
    ) -> Sequence[float]:
        """Take steps, as `Session.run_burst` does, until mail is to be read."""
        session, mailbox, clock = self._session, self._mailbox, self._clock
        deadline = clock() + MAIL_INTERVAL_SECONDS
        before = session.step
        losses = session.run_burst(
            lambda: should_stop() or mailbox.has_mail or clock() >= deadline, max_steps
        )
        if self._was_suspended:
            self._was_suspended = False
            self._reset_meters()
        samples_until = session.timeline.batches.samples_until
        self._throughput.add(samples_until(session.step) - samples_until(before))
        self._overhead.end_burst()
        return losses

    def wait(self, timeout: float | None = None) -> None:
        """Wait for mail, at most ``timeout`` seconds."""
        self._reset_meters()
        self._mailbox.wait(timeout)

    def publish(self, now: bool = False) -> None:
        """Publish a snapshot with what viewers have requested, if one is due or wanted ``now``."""
        session = self._session

        def build() -> Publication:
            views = self._inspection.build_views(session, self._requests, now)
            snapshot = session.snapshot(0, None, self._throughput.per_second())
            return Publication(replace(snapshot, overhead=self._overhead.share()), views)

        self._publisher.publish(build, now)

    def _reset_meters(self) -> None:
        self._throughput.reset()
        self._overhead.reset()

    def _on_retraining(self, step: int, target: int) -> None:
        self._check()
        purpose = self._session.timeline.purpose
        note = f"{purpose}: step {format_count(step)} of {format_count(target)}"
        self._publisher.update_if_due(note=note, progress=None)
