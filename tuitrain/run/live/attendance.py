"""The boundaries of a headless run, which viewers may attend."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Final

from tuitrain.predicates import always, never

from ..session import Session
from ..snapshot import Phase
from .access import LiveAccess
from .boundary import Boundary

POLL_SECONDS: Final = 0.25
"""Seconds after which a waiting run looks for a signal."""


class Attendance:
    """The viewers of a headless run, at its boundaries.

    A pause of a viewer or a program holds the run until one of them resumes it; see `UserPause`. A
    planned pause and a breakpoint hold it while a viewer attends; else the journal says that the
    run continues. Its methods are called on the run's thread. As a context, it shows the viewers
    how the run has ended.

    Parameters
    ----------
    session : the run
    access : of the viewers; None for a run without viewers, whose commands of an earlier process
        are still applied
    is_steerable : whether commands can be applied; those that arrive before are applied then
    clock : returns a monotonic time in seconds
    always_waits : whether every pause holds the run, as if a viewer attended
    may_wait : whether a planned pause and a breakpoint may hold the run; None for ``is_steerable``
    """

    def __init__(
        self,
        session: Session,
        access: LiveAccess | None,
        is_steerable: Callable[[], bool] = always,
        clock: Callable[[], float] = time.perf_counter,
        always_waits: bool = False,
        may_wait: Callable[[], bool] | None = None,
    ) -> None:
        self._session = session
        self._always_waits = always_waits
        self._may_wait = may_wait or is_steerable
        session.wait_at_pauses(self._waits)
        if access is None and session.scheduled:
            access = LiveAccess(session.info, clock)
        self._access = access
        self._is_steerable = is_steerable
        self._boundary: Boundary | None = None
        if access is not None:
            self._boundary = Boundary(session, access, clock, waits=self._waits)
            self._boundary.publish(now=True)

    @property
    def is_waiting(self) -> bool:
        """Whether the run is paused, and waits to be resumed."""
        return self._session.phase is Phase.PAUSED and self._waits()

    def visit(self) -> None:
        """Apply the viewers' commands, and publish a snapshot if one of them has requested it."""
        access, boundary = self._access, self._boundary
        if access is None or boundary is None:
            return
        boundary.defers_commands = not self._is_steerable()
        self._session.is_attended = self._is_attended()
        if access.viewers or boundary.has_work:
            boundary.visit()

    def run_burst(
        self, should_stop: Callable[[], bool] = never, max_steps: int | None = None
    ) -> Sequence[float]:
        """Take steps; see `Boundary.run_burst`."""
        if self._boundary is None:
            return self._session.run_burst(should_stop, max_steps)
        return self._boundary.run_burst(should_stop, max_steps)

    def wait(self) -> None:
        """Wait for mail, and take it; return also after `POLL_SECONDS`."""
        if self._boundary is not None and self._boundary.wait(POLL_SECONDS):
            self.visit()

    def __enter__(self) -> Attendance:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Publish the last snapshot, and refuse the commands that come too late."""
        if self._access is None or self._boundary is None:
            return
        if isinstance(error, Exception):
            with suppress(Exception):  # a model that has raised may raise again here
                self._boundary.publish(now=True)
            self._access.publisher.update(phase=Phase.FAILED, note=str(error))
        elif error is None:
            self._boundary.publish(now=True)
        late = [*self._boundary.commands.take_waiting(), *self._access.mailbox.end().submissions]
        self._access.refuse(late, "the run has ended")

    def _is_attended(self) -> bool:
        """Whether a viewer can answer a planned pause or a breakpoint."""
        if self._access is None or not self._may_wait():
            return False
        return self._always_waits or self._access.is_attended

    def _waits(self) -> bool:
        """Whether a paused run waits."""
        boundary = self._boundary
        is_held = boundary is not None and boundary.commands.user_pause.holds(self._session)
        return is_held or self._is_attended()
