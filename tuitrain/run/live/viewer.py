"""A viewer of a live run: it reads snapshots, submits commands, and has requests of its own."""

from __future__ import annotations

from collections.abc import Callable

from tuitrain.commands import AnyCommand, to_text
from tuitrain.engines.inspection import InspectionRequest
from tuitrain.errors import RefusedError

from ..snapshot import Actor, Snapshot
from .mailbox import Mailbox
from .publisher import Publication, Publisher


class Viewer:
    """One of the viewers of a live run; any thread may call its methods.

    Its snapshots have its own parameter, inspection and preview. All other fields are the objects
    that the snapshots of other viewers have, too.

    Parameters
    ----------
    mailbox, publisher : of the run
    attends : whether it can answer a breakpoint
    on_publish : called after each new snapshot, on the run's thread; it must return at once
    """

    def __init__(
        self,
        mailbox: Mailbox,
        publisher: Publisher,
        attends: bool = True,
        on_publish: Callable[[], None] | None = None,
    ) -> None:
        self._mailbox = mailbox
        self._publisher = publisher
        self._number = mailbox.add_viewer(attends)
        self._is_closed = False
        self._on_publish = on_publish
        if on_publish is not None:
            publisher.add_listener(on_publish)
        self._shown: tuple[Publication, Snapshot] | None = None

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot, at once; during training a newer one follows."""
        return self._own(self._publisher.read())

    def submit(
        self,
        command: AnyCommand,
        actor: Actor = "api",
        ticket: int | None = None,
        why: str = "",
        at: int | None = None,
    ) -> int:
        """Submit a command, and return its ticket; see `LiveAccess.submit`.

        Raises
        ------
        RefusedError : the viewer is closed, or an argument is not allowed
        """
        if self._is_closed:
            raise RefusedError(f"{to_text(command)!r} was not submitted: the viewer is closed")
        return self._mailbox.submit(command, actor, ticket, why, at)

    def cancel(self, ticket: int, actor: Actor = "api") -> None:
        """Refuse a command that waits for its step; see `LiveAccess.cancel`."""
        self._mailbox.cancel(ticket, actor)

    def select_parameter(self, parameter: str | None) -> None:
        """Have the next snapshots describe this parameter in full (None: no parameter)."""
        self._mailbox.request(self._number, parameter=parameter)

    def inspect(self, request: InspectionRequest | None) -> None:
        """Have the next snapshots contain an inspection (None: none).

        It is made on the run's thread, at boundaries, at intervals that leave nearly all of the
        time to the training, however many viewers there are.
        """
        self._mailbox.request(self._number, inspection=request)

    def preview(self, command: AnyCommand | None) -> None:
        """Have the next snapshots contain the effect of a command on the next update (None: none).

        It is computed once, at one of the next boundaries, without changing the run or its journal.
        If there are several requests before that boundary, only the last is answered.
        """
        self._mailbox.request(self._number, preview=command)

    def wait_for(
        self, condition: Callable[[Snapshot], bool], timeout: float | None = None
    ) -> Snapshot:
        """Wait for a snapshot that meets a condition, at most ``timeout`` seconds.

        Returns
        -------
        The newest snapshot, even if it does not meet the condition
        """
        newest = self._publisher.wait_for(
            lambda publication: condition(self._own(publication)), timeout
        )
        return self._own(newest)

    def close(self) -> None:
        """Forget the requests of this viewer; the run continues. Closing again does nothing."""
        self._is_closed = True
        if self._on_publish is not None:
            self._publisher.remove_listener(self._on_publish)
        self._mailbox.remove_viewer(self._number)

    def _own(self, publication: Publication) -> Snapshot:
        """Return this viewer's snapshot; the same object for the same publication."""
        shown = self._shown
        if shown is None or shown[0] is not publication:
            self._shown = shown = publication, publication.snapshot_for(self._number)
        return shown[1]
