"""The boundaries of a run that other threads watch and steer: mail, views, snapshots, bursts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tuitrain.predicates import always, never
from tuitrain.text import format_count

from ..logs.log_capture import LogCapture
from ..session import Session
from ..snapshot import Phase, Snapshot
from .access import LiveAccess
from .inspection import LiveInspection
from .mailbox import Mail, ViewRequests
from .overhead import OverheadMeter
from .pacer import Pacer
from .publisher import Publication
from .submitted import SubmittedCommands
from .throughput import ThroughputMeter

MAIL_INTERVAL_SECONDS = 0.02
"""Seconds of training after which the present burst is the last one before mail is read."""

MAX_WAIT_SECONDS = 0.25
"""The longest wait for the next step of a run with a pace: its owner looks for signals, too."""


def _do_nothing() -> None:
    pass


class Boundary:
    """Applies the mail of a run at its boundaries, and publishes its snapshots.

    Its methods are called on the run's thread.

    Parameters
    ----------
    session : the run
    access : brings commands and requests, and receives snapshots
    clock : returns a monotonic time in seconds
    log : notes the step of each line, or None
    check : called while steps are retrained; may raise
    waits : whether a paused run waits; if not, it continues at once

    Attributes
    ----------
    defers_commands : whether commands wait until it is False
    commands : those that were submitted
    """

    def __init__(
        self,
        session: Session,
        access: LiveAccess,
        clock: Callable[[], float],
        log: LogCapture | None = None,
        check: Callable[[], None] = _do_nothing,
        waits: Callable[[], bool] = always,
    ) -> None:
        self.defers_commands = False
        self.commands = SubmittedCommands(session)
        self._waits = waits
        self._session = session
        self._mailbox, self._publisher = access.mailbox, access.publisher
        self._clock = clock
        self._check = check
        self._inspection = LiveInspection(clock)
        self._requests: Mapping[int, ViewRequests] = {}
        self._throughput = ThroughputMeter(clock)
        self._overhead = OverheadMeter(clock)
        self._pacer = Pacer(clock)
        self._was_suspended = False
        self._mailbox.interrupt_burst = session.engine.interrupt
        if log is not None:
            log.get_step = lambda: session.step
            session.warnings.on_warning = lambda text: log.add("warning", text)
        session.metrics.on_measuring = self._visit_measurement
        session.timeline.on_progress = self._on_retraining
        session.timeline.training = self._overhead.training

    def exclude_suspension(self) -> None:
        """Restart the meters after this burst: the process was suspended during it.

        Any thread may call it.
        """
        self._was_suspended = True

    def visit(self) -> None:
        """Apply the planned and the submitted commands, and publish the result.

        Mail that arrives in the meantime is read, too, because the next step may take long.
        """
        self._visit_once()
        if self._mailbox.has_mail:
            self._visit_once()

    def _visit_once(self) -> None:
        session = self._session
        session.apply_planned()
        mail = self._receive()
        has_news = False if self.defers_commands else self.commands.apply_all()
        session.on_boundary()
        if session.phase is Phase.PAUSED and not self._waits():
            session.phase = Phase.RUNNING
        has_preview = self._inspection.update_previews(session, self._requests)
        is_waiting = session.phase is not Phase.RUNNING
        self.publish(now=has_news or mail.has_new_viewer or has_preview or is_waiting)

    def run_burst(
        self, should_stop: Callable[[], bool] = never, max_steps: int | None = None
    ) -> Sequence[float]:
        """Take steps, as `Session.run_burst` does, until mail is to be read or a command is due.

        If the run has a pace, the next step is not due and a viewer is there, wait instead.
        """
        session, mailbox, clock = self._session, self._mailbox, self._clock
        pacer, pace = self._pacer, session.pace if mailbox.viewers else None
        if seconds := pacer.seconds_to_next(pace):
            mailbox.wait(min(seconds, MAX_WAIT_SECONDS))
            self._overhead.reset()
            return ()
        deadline = clock() + MAIL_INTERVAL_SECONDS if mailbox.viewers else math.inf
        before = session.step
        limits = [max_steps, self.commands.scheduled.steps_to_next(before), pacer.burst_steps(pace)]
        limit = min((steps for steps in limits if steps is not None), default=None)
        pacer.start_burst(pace)
        losses = session.run_burst(
            lambda: should_stop() or mailbox.has_mail or clock() >= deadline, limit
        )
        pacer.count(session.step - before)
        if self._was_suspended:
            self._was_suspended = False
            self._reset_meters()
        samples_until = session.timeline.batches.samples_until
        self._throughput.add(samples_until(session.step) - samples_until(before))
        self._overhead.end_burst()
        return losses

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for mail, at most ``timeout`` seconds; return whether there is any."""
        self._reset_meters()
        return self._mailbox.wait(timeout)

    def publish(self, now: bool = False) -> None:
        """Publish a snapshot with the views of viewers, if one is due or wanted ``now``."""

        def build() -> Publication:
            views = self._inspection.build_views(self._session, self._requests, now)
            return Publication(self._build_snapshot(), views)

        self._publisher.publish(build, now)

    @property
    def has_work(self) -> bool:
        """Whether there is mail, or commands wait."""
        return self._mailbox.has_mail or self.commands.are_waiting

    def _visit_measurement(self) -> None:
        """Answer new viewers, and apply settings, between two batches of the test set.

        The requested views are not built there; the other fields of a snapshot are.
        """
        if not self._mailbox.has_mail:
            return
        publisher = self._publisher
        with self._overhead.interruption():
            mail = self._receive()
            has_news = not self.defers_commands and self.commands.apply_settings()
            if has_news or mail.has_new_viewer:
                publisher.publish(
                    lambda: Publication(self._build_snapshot(), publisher.views), now=True
                )

    def _receive(self) -> Mail:
        """Take the mail that has arrived; its commands wait to be applied."""
        mail = self._mailbox.receive()
        self._requests = mail.requests
        self.commands.add(mail)
        return mail

    def _build_snapshot(self) -> Snapshot:
        snapshot = self._session.snapshot(0, None, self._throughput.per_second())
        overhead, scheduled = self._overhead.share(), self.commands.scheduled.view()
        return replace(snapshot, overhead=overhead, scheduled=scheduled)

    def _reset_meters(self) -> None:
        self._throughput.reset()
        self._overhead.reset()

    def _on_retraining(self, step: int, target: int) -> None:
        self._check()
        purpose = self._session.timeline.purpose
        note = f"{purpose}: step {format_count(step)} of {format_count(target)}"
        self._publisher.update_if_due(note=note, progress=None)
