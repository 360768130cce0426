"""The mailbox of a live run: commands and requests from other threads, read at step boundaries."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tuitrain.commands import MAX_COUNT, AnyCommand, to_text
from tuitrain.engines.inspection import InspectionRequest
from tuitrain.errors import RefusedError

from ..authorship import Actor, check_submitter, check_why
from ..journal_entry import MAX_OUTSIDE_TICKET, MIN_OUTSIDE_TICKET

REQUEST_SECONDS = 0.1
"""Minimum seconds between two bursts that requests of viewers end. Other requests wait
for the end of a burst, which takes 40 ms, so that many requests do not slow the training."""


MAX_KNOWN_TICKETS: Final = 10_000
"""How many tickets from outside are remembered, the newest ones: a command that is submitted again
under one of them is not applied again."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A command that was submitted.

    Attributes
    ----------
    ticket : the number under which the journal answers it
    why : the reason that was given for it, or ""
    at : the step before which it is applied; None for the next boundary
    """

    ticket: int
    command: AnyCommand
    actor: Actor
    why: str = ""
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A request to refuse a submission that waits for its step."""

    ticket: int
    actor: Actor


@dataclass(frozen=True, slots=True)
class ViewRequests:
    """The contents that one viewer requests for its next snapshots.

    Attributes
    ----------
    parameter : the parameter to describe in full, or None
    inspection : the requested inspection, or None
    preview : the command whose effect on the next update is computed, or None
    """

    parameter: str | None = None
    inspection: InspectionRequest | None = None
    preview: AnyCommand | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """The mail that has arrived for the run's thread.

    Attributes
    ----------
    submissions : the new commands, oldest first
    cancellations : of submissions, those of this mail too
    requests : the present requests of each open viewer, by its number
    has_new_viewer : whether a viewer was opened since the last mail
    """

    submissions: tuple[Submission, ...] = ()
    cancellations: tuple[Cancellation, ...] = ()
    requests: Mapping[int, ViewRequests] = field(default_factory=dict[int, ViewRequests])
    has_new_viewer: bool = False


def _check_ticket(ticket: int) -> None:
    if not MIN_OUTSIDE_TICKET <= ticket <= MAX_OUTSIDE_TICKET:
        raise RefusedError(
            f"ticket {ticket} is not from outside (allowed: {MIN_OUTSIDE_TICKET} to "
            f"{MAX_OUTSIDE_TICKET})"
        )


def _no_burst() -> None:
    """Interrupt nothing: no session has been built yet."""


class Mailbox:
    """Passes commands and requests to the run's thread.

    Commands are kept in order, and none is lost; of a viewer's requests only the newest is kept.

    Parameters
    ----------
    clock : returns a monotonic time in seconds

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
        self._cancellations: list[Cancellation] = []
        self._known_tickets: dict[int, None] = {}
        self._requests: dict[int, ViewRequests] = {}
        self._attendants: set[int] = set()
        self._has_new_viewer = self._has_requests = self._has_ended = False
        self._requested_at = -REQUEST_SECONDS

    @property
    def viewers(self) -> int:
        """The number of open viewers."""
        return len(self._requests)

    @property
    def is_attended(self) -> bool:
        """Whether an open viewer can answer a breakpoint."""
        return bool(self._attendants)

    def submit(
        self,
        command: AnyCommand,
        actor: Actor,
        ticket: int | None = None,
        why: str = "",
        at: int | None = None,
    ) -> int:
        """Add a command, and return its ticket; see `LiveAccess.submit`."""
        check_submitter(actor)
        why = check_why(why)
        if at is not None and not 0 <= at <= MAX_COUNT:
            raise RefusedError(f"at: {at} is not a step (allowed: 0 to {MAX_COUNT})")
        if ticket is not None:
            _check_ticket(ticket)
        with self._condition:
            if self._has_ended:
                raise RefusedError(f"{to_text(command)!r} comes too late: the run has ended")
            if ticket is None:
                ticket = next(self._tickets)
            elif not self._note_ticket(ticket):
                return ticket
            self._submissions.append(Submission(ticket, command, actor, why, at))
            self._wake()
        return ticket

    def cancel(self, ticket: int, actor: Actor) -> None:
        """Ask to refuse a submission that waits for its step; see `LiveAccess.cancel`."""
        check_submitter(actor)
        with self._condition:
            self._cancellations.append(Cancellation(ticket, actor))
            self._wake()

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
            mail = Mail(
                tuple(self._submissions),
                tuple(self._cancellations),
                self._requests,
                self._has_new_viewer,
            )
            self._submissions, self._cancellations = [], []
            self.has_mail = self._has_new_viewer = self._has_requests = False
            return mail

    def end(self) -> Mail:
        """Refuse later commands, and return the last mail."""
        with self._condition:
            self._has_ended = True
            return self.receive()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until something arrives, the run is closed, or ``timeout`` seconds have passed.

        Returns
        -------
        Whether something has arrived, or the run is closed
        """
        with self._condition:
            return self._condition.wait_for(
                lambda: self.has_mail or self._has_requests or self.is_closing, timeout
            )

    def _note_ticket(self, ticket: int) -> bool:
        """Note a ticket from outside; return whether it is new."""
        if ticket in self._known_tickets:
            return False
        self._known_tickets[ticket] = None
        if len(self._known_tickets) > MAX_KNOWN_TICKETS:
            del self._known_tickets[next(iter(self._known_tickets))]
        return True

    def _wake(self) -> None:
        self.has_mail = True
        self.interrupt_burst()
        self._condition.notify_all()
