"""The live run: a session on its background thread, with an inbox and snapshots.

Owns the thread and everything that crosses it. Commands cross in an ordered, lossless inbox that is
drained at step boundaries only; snapshots cross the other way, and may be skipped.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from traceback import format_exception

from tuitrain.commands import AnyCommand, to_text
from tuitrain.engines.closeups import See
from tuitrain.errors import RunFailedError, TuitrainError

from ..logs.log_capture import LogCapture
from ..progress import ProgressCallback, format_count
from ..session import Session
from ..snapshot import Actor, JournalEntry, Phase, RunInfo, Snapshot, UpdatePreview
from ..timeline import Timeline
from .inspector import Inspector
from .overhead import OverheadMeter
from .throughput import ThroughputMeter

BURST_SECONDS = 0.02
"""How long the training keeps the thread before it looks up."""

SNAPSHOT_SECONDS = 1 / 25
"""A snapshot is made when somebody has asked for the last one, as the screen does 12 times
a second; and not more often for one who asks in a loop."""

SNAPSHOT_SHARE = 0.05
"""How much of the training's time snapshots may take: one of a thousand groups takes 40 ms."""

MAX_SNAPSHOT_SECONDS = 0.5
"""Seconds after which there is a snapshot whatever it takes."""

INSPECT_SECONDS = 0.2
"""How often the watched parameter is described anew while steps are taken: a histogram of 50 000
values takes 2 ms, and the screen draws it 4 times a second."""


def _nothing_to_end() -> None:
    """Before there is a session, no burst is under way."""


class _ClosedError(Exception):
    """The run was closed in the middle of a long piece of work."""


class LiveRun:
    """A run that trains in the background; it may be called from any thread.

    Parameters
    ----------
    build : makes the session; called on the run's thread, for it loads data and compiles kernels
    title : what is known of the run before it is built
    clock : seconds that only grow
    output : what the training code says, to be shown; None if nobody listens

    Attributes
    ----------
    error : why the run has failed, or None; a `RunFailedError` if it was under way
    """

    def __init__(
        self,
        build: Callable[[ProgressCallback], Session],
        info: RunInfo,
        clock: Callable[[], float] = time.perf_counter,
        log: LogCapture | None = None,
    ) -> None:
        self.error: TuitrainError | None = None
        self._build = build
        self._clock = clock
        self._output = log
        self._inbox: deque[tuple[int, AnyCommand, Actor]] = deque()
        self._tickets = itertools.count(1)
        self._wake = threading.Condition()
        self._watched: str | None = None
        self._asked: See | None = None
        self._seeing = Inspector(clock)
        self._wondering: AnyCommand | None = None
        self._preview: UpdatePreview | None = None
        self._look_up = False
        self._closing = False
        self._woke = False
        self._end_burst: Callable[[], None] = _nothing_to_end
        self._speed, self._overhead = ThroughputMeter(clock), OverheadMeter(clock)
        self._published_at = self._inspected_at = -1.0
        self._rest = SNAPSHOT_SECONDS
        self._looked = True
        self._snapshot = Snapshot(0, info, Phase.STARTING)
        self._thread = threading.Thread(target=self._main, name="tuitrain-run", daemon=True)

    def start(self) -> LiveRun:
        """Start the thread; returns the run itself."""
        self._thread.start()
        return self

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot, at once; while steps are taken, one that is newer follows."""
        self._looked = True
        return self._snapshot

    def submit(self, command: AnyCommand, actor: Actor = "api") -> int:
        """Hand over a command; the journal answers it under the returned ticket."""
        with self._wake:
            ticket = next(self._tickets)
            self._inbox.append((ticket, command, actor))
            self._interrupt()
        return ticket

    def select_parameter(self, parameter: str | None) -> None:
        """Ask that coming snapshots describe this parameter in full (None: no parameter)."""
        with self._wake:
            self._watched = parameter
            self._interrupt()

    def inspect(self, asked: See | None) -> None:
        """Ask that coming snapshots show something closely (None: nothing).

        It is looked at on the run's thread, at boundaries, so often that training keeps nearly all
        of the time; what is not asked for any more costs nothing.
        """
        with self._wake:
            self._asked = asked
            self._interrupt()

    def preview(self, command: AnyCommand | None) -> None:
        """Ask that a snapshot to come says how far the next update would go after a command.

        It is looked at once, at the next boundary, on scouts: the run itself is not touched, and
        nothing is written down. Of several that are asked for in the meantime only the last is
        answered; with None none is, and the answer goes.
        """
        with self._wake:
            self._wondering = command
            self._interrupt()

    def on_resume(self) -> None:
        """Learn that the process was suspended and goes on: the time between is nobody's speed."""
        self._woke = True

    def close(self) -> None:
        """End the training at the next step boundary and wait until the thread has left."""
        with self._wake:
            self._closing = True
            self._interrupt()
        if self._thread.is_alive():
            self._thread.join()

    def join(self, timeout: float | None = None) -> Snapshot:
        """Wait until the run has ended by itself, and return its last snapshot."""
        with self._wake:
            self._wake.wait_for(lambda: self._snapshot.phase.ended, timeout)
        return self._snapshot

    def answer(self, ticket: int, timeout: float | None = None) -> JournalEntry:
        """Wait for the journal entry that answers a command, and return it.

        Raises
        ------
        TimeoutError : it did not come in ``timeout`` seconds
        """
        found: list[JournalEntry] = []

        def answered() -> bool:
            found.extend(e for e in self._snapshot.journal if e.ticket == ticket)
            return bool(found)

        with self._wake:
            if not self._wake.wait_for(answered, timeout):
                raise TimeoutError(f"command {ticket} was not answered within {timeout} s")
        return found[0]

    @property
    def alive(self) -> bool:
        """Whether the run's thread is there."""
        return self._thread.is_alive()

    def _interrupt(self) -> None:
        self._look_up = True
        self._end_burst()
        self._wake.notify_all()

    def _main(self) -> None:
        try:
            session = self._build(self._tell)
        except TuitrainError as mistake:
            self._fail(mistake)
        except BaseException as error:  # the user's own model or data may raise anything
            self._fail(self._failure(error))
        else:
            self._train(session)

    def _train(self, session: Session) -> None:
        self._end_burst = session.engine.interrupt
        if self._output is not None:
            self._output.get_step = lambda: session.step
        session.timeline.working = partial(self._working, session.timeline)
        session.timeline.training = self._overhead.training
        try:
            while not self._closing:
                self._boundary(session)
                if session.phase is Phase.RUNNING:
                    self._burst(session)
                else:
                    self._stand()
            session.apply_planned()  # at a boundary what is planned comes before an end
            session.end("left")
        except _ClosedError:
            session.end("left")
        except BaseException as error:  # as above: it is told, and nothing is lost
            failure = self._failure(error, f"step {session.step + 1}: ")
            with suppress(Exception):  # what has raised may raise again when it is looked at
                self._publish(session, now=True)
            session.end("failed")
            self._fail(failure)

    def _boundary(self, session: Session) -> None:
        """Apply what is planned and what has come in, and show it."""
        session.apply_planned()
        with self._wake:
            self._look_up = False
            waiting, self._inbox = self._inbox, deque()
            wondering = self._wondering
        for ticket, command, actor in waiting:
            session.apply_command(command, actor, ticket)
        session.on_boundary()
        ahead = self._look_ahead(session, wondering)
        self._publish(session, now=bool(waiting) or ahead or session.phase is not Phase.RUNNING)

    def _look_ahead(self, session: Session, command: AnyCommand | None) -> bool:
        """Answer what somebody wonders about, once; whether there is something new to show."""
        before = self._preview
        if command is None:
            self._preview = None
        elif before is None or before.command != to_text(command):
            self._preview = session.preview(command)
        return self._preview is not before

    def _burst(self, session: Session) -> None:
        until = self._clock() + BURST_SECONDS
        before = session.step
        session.run_burst(lambda: self._look_up or self._clock() >= until)
        if self._woke:
            self._woke = False
            self._speed.reset()
            self._overhead.reset()
        batches = session.timeline.batches
        self._speed.add(batches.samples_until(session.step) - batches.samples_until(before))
        self._overhead.end_burst()

    def _working(self, timeline: Timeline, step: int, target: int) -> None:
        """Say how far it is while steps are taken again; give up when the run is closed."""
        if self._closing:
            raise _ClosedError
        at = self._clock()
        if at - self._published_at >= SNAPSHOT_SECONDS:
            self._published_at = at
            self._tell(f"{timeline.purpose}: step {format_count(step)} of {format_count(target)}")

    def _stand(self) -> None:
        """Wait for a command, a wish to watch, or the end."""
        self._speed.reset()
        self._overhead.reset()
        with self._wake:
            self._wake.wait_for(lambda: self._look_up or self._closing)

    def _tell(self, note: str, done: float | None = None) -> None:
        version = self._snapshot.version + 1
        self._show(replace(self._snapshot, version=version, note=note, progress=done))

    def _failure(self, error: BaseException, where: str = "") -> RunFailedError:
        """Return the error that a run ends with; the output has the traceback."""
        if self._output is not None:
            self._output.add("error", "".join(format_exception(error)))
        return RunFailedError(f"{where}{type(error).__name__}: {error}")

    def _fail(self, error: TuitrainError) -> None:
        """Show why the run cannot go on, and refuse what comes in from now on."""
        self.error = error
        version = self._snapshot.version + 1
        failed = replace(self._snapshot, version=version, phase=Phase.FAILED, note=str(error))
        self._show(failed)
        while not self._closing:
            self._refuse_all()
            self._stand()

    def _refuse_all(self) -> None:
        with self._wake:
            self._look_up = False
            waiting, self._inbox = self._inbox, deque()
        if waiting:
            shown = self._snapshot
            refused = tuple(
                JournalEntry(
                    ticket, shown.step, to_text(command), actor, "refused", "the run has failed"
                )
                for ticket, command, actor in waiting
            )
            self._show(replace(shown, version=shown.version + 1, journal=shown.journal + refused))

    def _publish(self, session: Session, now: bool = False) -> None:
        at = self._clock()
        if not now and (not self._looked or at - self._published_at < self._rest):
            return
        self._looked = False
        seen = self._seeing.inspect(session, self._asked)
        view, share = self._view(session, at, now), self._overhead.share()
        self._show(replace(view, overhead=share, preview=self._preview, inspection=seen))
        self._published_at = self._clock()
        took = self._published_at - at
        self._rest = max(SNAPSHOT_SECONDS, min(took / SNAPSHOT_SHARE, MAX_SNAPSHOT_SECONDS))

    def _view(self, session: Session, at: float, now: bool) -> Snapshot:
        """Make a snapshot; its parameter is that of the last one if that is new enough."""
        before, watched = self._snapshot, self._watched
        version, speed = before.version + 1, self._speed.per_second()
        known = before.parameter is not None and before.parameter.name == watched
        if known and not now and at - self._inspected_at < INSPECT_SECONDS:
            return replace(session.snapshot(version, None, speed), parameter=before.parameter)
        self._inspected_at = at
        return session.snapshot(version, watched, speed)

    def _show(self, snapshot: Snapshot) -> None:
        if self._output is not None:
            snapshot = replace(snapshot, log=self._output.snapshot())
        with self._wake:
            self._snapshot = snapshot
            self._wake.notify_all()
