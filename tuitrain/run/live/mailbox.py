"""The mailbox of a live run: commands and requests from other threads, read at step boundaries."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tuitrain.commands import AnyCommand
from tuitrain.engines.inspection import InspectionRequest

from ..snapshot import Actor

REQUEST_SECONDS = 0.1
"""The least number of seconds between two bursts that requests of viewers end. Other requests wait
for the end of a burst, which takes 40 ms, so that many requests do not slow the training."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A command that was submitted, and the ticket under which the journal answers it."""

    ticket: int
    command: AnyCommand
    actor: Actor


@dataclass(frozen=True, slots=True)
class ViewRequests:
    """What one viewer asks its next snapshots to contain.

    Attributes
    ----------
    parameter : the parameter to describe in full, or None
    inspection : what to inspect, or None
    preview : the command whose effect on the next update is computed, or None
    """

    parameter: str | None = None
    inspection: InspectionRequest | None = None
    preview: AnyCommand | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """What has arrived for the run's thread.

    Attributes
    ----------
    submissions : the new commands, oldest first
    requests : the present requests of each open viewer, by its number
    has_new_viewer : whether a viewer was opened since the last mail
    """

    submissions: tuple[Submission, ...]
    requests: Mapping[int, ViewRequests]
    has_new_viewer: bool = False


def _no_burst() -> None:
    """Interrupt nothing: no session has been built yet."""


class Mailbox:
    """Passes commands and requests to the run's thread.

    Commands are kept in order, and none is lost; of a viewer's requests only the newest is kept.

    Parameters
    ----------
    clock : seconds that only grow

    Attributes
    ----------
    has_mail : whether something has arrived since the last `receive` that the burst ends for
    is_closing : whether the run was asked to end at the next step boundary
    interrupt_burst : ends the present burst of steps; any thread may call it
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.has_mail = False
        self.is_closing = False
        self.interrupt_burst: Callable[[], None] = _no_burst
        self._clock = clock
        self._condition = threading.Condition()
        self._tickets = itertools.count(1)
        self._viewers = itertools.count(1)
        self._submissions: list[Submission] = []
        self._requests: dict[int, ViewRequests] = {}
        self._attendants: set[int] = set()
        self._has_new_viewer = self._has_requests = False
        self._requested_at = -REQUEST_SECONDS

    @property
    def viewers(self) -> int:
        """The number of open viewers."""
        return len(self._requests)

    @property
    def is_attended(self) -> bool:
        """Whether an open viewer can answer a breakpoint."""
        return bool(self._attendants)

    def submit(self, command: AnyCommand, actor: Actor) -> int:
        """Add a command, and return its ticket."""
        with self._condition:
            ticket = next(self._tickets)
            self._submissions.append(Submission(ticket, command, actor))
            self._wake()
        return ticket

    def add_viewer(self, attends: bool) -> int:
        """Add a viewer without requests, and return its number."""
        with self._condition:
            number = next(self._viewers)
            self._requests = {**self._requests, number: ViewRequests()}
            if attends:
                self._attendants.add(number)
            self._has_new_viewer = True
            self._wake()
        return number

    def remove_viewer(self, number: int) -> None:
        """Forget a viewer; one that was removed already makes no difference."""
        with self._condition:
            self._requests = {key: own for key, own in self._requests.items() if key != number}
            self._attendants.discard(number)
            self._has_requests = True
            self._condition.notify_all()  # a paused run may have waited for this viewer

    def request(self, viewer: int, **changes: Any) -> None:
        """Replace fields of a viewer's `ViewRequests`; a removed viewer has none."""
        with self._condition:
            before = self._requests.get(viewer)
            if before is None or (after := replace(before, **changes)) == before:
                return
            self._requests = {**self._requests, viewer: after}
            self._has_requests = True
            now = self._clock()
            if now - self._requested_at >= REQUEST_SECONDS:
                self._requested_at = now
                self._wake()
            else:
                self._condition.notify_all()

    def close(self) -> None:
        """Ask the run to end at the next step boundary."""
        with self._condition:
            self.is_closing = True
            self._wake()

    def receive(self) -> Mail:
        """Remove all commands, and return them with the present requests."""
        with self._condition:
            mail = Mail(tuple(self._submissions), self._requests, self._has_new_viewer)
            self._submissions = []
            self.has_mail = self._has_new_viewer = self._has_requests = False
            return mail

    def wait(self, timeout: float | None = None) -> None:
        """Wait until something arrives, the run is closed, or ``timeout`` seconds have passed."""
        with self._condition:
            self._condition.wait_for(
                lambda: self.has_mail or self._has_requests or self.is_closing, timeout
            )

    def _wake(self) -> None:
        self.has_mail = True
        self.interrupt_burst()
        self._condition.notify_all()
