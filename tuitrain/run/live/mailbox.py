"""The mailbox of a live run: commands and requests from other threads, read at step boundaries."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tuitrain.commands import AnyCommand
from tuitrain.engines.inspection import InspectionRequest

from ..snapshot import Actor


@dataclass(frozen=True, slots=True)
class Submission:
    """A command that was submitted, and the ticket under which the journal answers it."""

    ticket: int
    command: AnyCommand
    actor: Actor


@dataclass(frozen=True, slots=True)
class ViewRequests:
    """What viewers ask the next snapshots to contain.

    Attributes
    ----------
    parameter : the parameter to describe in full, or None
    inspection : what to inspect, or None
    preview : the command whose effect on the next update is computed, or None
    """

    parameter: str | None = None
    inspection: InspectionRequest | None = None
    preview: AnyCommand | None = None


def _no_burst() -> None:
    """Interrupt nothing: no session has been built yet."""


class Mailbox:
    """Passes commands and requests to the run's thread.

    Commands are kept in order, and none is lost; of requests only the newest is kept.

    Attributes
    ----------
    has_mail : whether something has arrived since the last `receive`
    is_closing : whether the run was asked to end at the next step boundary
    interrupt_burst : ends the present burst of steps; any thread may call it
    """

    def __init__(self) -> None:
        self.has_mail = False
        self.is_closing = False
        self.interrupt_burst: Callable[[], None] = _no_burst
        self._condition = threading.Condition()
        self._tickets = itertools.count(1)
        self._submissions: list[Submission] = []
        self._requests = ViewRequests()

    def submit(self, command: AnyCommand, actor: Actor) -> int:
        """Add a command, and return its ticket."""
        with self._condition:
            ticket = next(self._tickets)
            self._submissions.append(Submission(ticket, command, actor))
            self._wake()
        return ticket

    def request(self, **changes: Any) -> None:
        """Replace fields of the `ViewRequests`."""
        with self._condition:
            self._requests = replace(self._requests, **changes)
            self._wake()

    def close(self) -> None:
        """Ask the run to end at the next step boundary."""
        with self._condition:
            self.is_closing = True
            self._wake()

    def receive(self) -> tuple[list[Submission], ViewRequests]:
        """Remove all commands, and return them with the present requests."""
        with self._condition:
            self.has_mail = False
            submissions, self._submissions = self._submissions, []
            return submissions, self._requests

    def wait(self) -> None:
        """Wait until something arrives, or the run is closed."""
        with self._condition:
            self._condition.wait_for(lambda: self.has_mail or self.is_closing)

    def _wake(self) -> None:
        self.has_mail = True
        self.interrupt_burst()
        self._condition.notify_all()
