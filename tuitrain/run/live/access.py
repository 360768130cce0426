"""The access to a run from other threads: its viewers, its mailbox, its newest snapshot."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from tuitrain.commands import AnyCommand, to_text

from ..logs.log_capture import LogCapture
from ..snapshot import Actor, JournalEntry, RunInfo, Snapshot
from .mailbox import Mailbox, Submission
from .publisher import Publisher
from .viewer import Viewer


class LiveAccess:
    """Connects a run with the threads that watch and steer it; any thread may call its methods.

    A `LiveRun` has one. A headless run can be given one, which costs nothing while no viewer is
    open.

    Parameters
    ----------
    info : the facts of the run that are known before its session is built
    clock : returns a monotonic time in seconds
    log : the captured output of the training code, or None

    Attributes
    ----------
    mailbox, publisher : the run reads from the one, and writes to the other
    """

    def __init__(
        self,
        info: RunInfo,
        clock: Callable[[], float] = time.perf_counter,
        log: LogCapture | None = None,
    ) -> None:
        self.mailbox = Mailbox(clock)
        self.publisher = Publisher(info, clock, log)

    @property
    def viewers(self) -> int:
        """The number of open viewers."""
        return self.mailbox.viewers

    @property
    def is_attended(self) -> bool:
        """Whether an open viewer can answer a breakpoint."""
        return self.mailbox.is_attended

    def open_viewer(
        self, attends: bool = True, on_publish: Callable[[], None] | None = None
    ) -> Viewer:
        """Open a viewer; the run publishes a snapshot at its next boundary.

        Parameters
        ----------
        attends : whether the viewer can answer a breakpoint or a pause of a headless run, which
            waits for it
        on_publish : called after each new snapshot, on the run's thread; it must return at once
        """
        return Viewer(self.mailbox, self.publisher, attends, on_publish)

    def submit(
        self,
        command: AnyCommand,
        actor: Actor = "api",
        ticket: int | None = None,
        why: str = "",
        at: int | None = None,
    ) -> int:
        """Submit a command, and return its ticket; the journal has the answer under it.

        Parameters
        ----------
        actor : who gives the command; see `check_actor`
        ticket : a number of the submitter's own, from 2**32 on; None for a new one. A command whose
            ticket is one of the newest 10 000 is not applied again
        why : the reason, one line that the journal keeps
        at : apply the command at the boundary before this step, counted from 0, and refuse it when
            that can no longer be reached; None for the next boundary

        Raises
        ------
        RefusedError : the actor, the ticket, the reason or the step is not allowed
        """
        return self.mailbox.submit(command, actor, ticket, why, at)

    def cancel(self, ticket: int, actor: Actor = "api") -> None:
        """Refuse a command that waits for its step; one that does not wait is not changed.

        Raises
        ------
        RefusedError : the actor is not allowed
        """
        self.mailbox.cancel(ticket, actor)

    def refuse(self, submissions: Iterable[Submission], reason: str) -> None:
        """Answer submissions that reach no session, in the newest snapshot."""
        shown = self.publisher.newest
        refusals = tuple(
            JournalEntry(
                submission.ticket,
                shown.step,
                to_text(submission.command),
                submission.actor,
                "refused",
                reason,
                submission.why,
            )
            for submission in submissions
        )
        if refusals:
            self.publisher.update(journal=shown.journal + refusals, scheduled=())

    def report_progress(self, note: str, done: float | None = None) -> None:
        """Show the work of a starting run, and the share of it that is done."""
        self.publisher.update(note=note, progress=done)

    def newest(self) -> Snapshot:
        """Return the newest snapshot without requesting another: it may be old without viewers."""
        return self.publisher.newest
