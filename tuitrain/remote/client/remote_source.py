"""A run in another process, as the app's `Source`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import msgspec

from tuitrain.commands import AnyCommand, to_text
from tuitrain.engines.inspection import InspectionRequest
from tuitrain.errors import TuitrainError
from tuitrain.run.snapshot import Actor, Attachment, Phase, RunInfo, Snapshot

from ..errors import FarewellProblem, ProtocolError
from ..snapshots import SnapshotDecoder, encode_request
from ..wire.messages import (
    PROTOCOL_VERSION,
    Farewell,
    Hello,
    PenAction,
    PenState,
    Pong,
    Received,
    RefusedCommand,
    Reply,
    RequestViews,
    Role,
    SnapshotMessage,
    UsePen,
    Welcome,
)
from .endpoint import Endpoint
from .lateness import Lateness
from .persistent_link import LinkEvents, PersistentLink
from .sent_commands import SentCommands


class RemoteSource:
    """A run in another process. Its methods return at once; any thread may call them.

    If the connection is lost for good before the run has ended, a viewer's snapshot has the phase
    ``LOST``.

    Parameters
    ----------
    endpoint : where the run is
    name : of this viewer, for the journal and for other viewers
    read_only : whether this viewer never steers
    role : ``viewer`` for a screen, ``control`` for a program that sends commands
    returns : whether to connect again after a lost connection
    clock : returns a monotonic time in seconds
    """

    def __init__(
        self,
        endpoint: Endpoint,
        name: str,
        read_only: bool = False,
        role: Role = "viewer",
        returns: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._changed = threading.Condition(threading.RLock())
        info = RunInfo(endpoint.label, "", "", None, 1, 0, 0)
        self._snapshot = Snapshot(0, info, Phase.STARTING, note="connecting")
        self._versions = 0
        self._is_screen = role == "viewer"
        self._commands = SentCommands()
        self._views = RequestViews()
        self._pen = PenState(1, "", False)
        self._problem = "connecting"
        self._received = 0
        self._error: TuitrainError | None = None
        self._welcome: Welcome | None = None
        self._decoder = SnapshotDecoder(thins_curves=self._is_screen)
        self._lateness = Lateness(clock)
        hello = Hello(PROTOCOL_VERSION, role, name, read_only, not read_only)
        events = LinkEvents(self._restart, self._take, self._note, self._end)
        self._link = PersistentLink(endpoint, hello, events, self._lateness, returns)

    @property
    def welcome(self) -> Welcome | None:
        """The greeting of the run; None before the first connection."""
        return self._welcome

    @property
    def error(self) -> TuitrainError | None:
        """Why the connection is lost for good; or None."""
        return self._error

    @property
    def received(self) -> int:
        """The number of snapshots that the run has sent."""
        return self._received

    def start(self) -> RemoteSource:
        """Start to connect, and return the source itself."""
        self._link.start()
        return self

    def wait_for(
        self, condition: Callable[[Snapshot], bool], timeout: float | None = None
    ) -> Snapshot:
        """Wait until a snapshot meets a condition, or no further one will come.

        Returns
        -------
        The newest snapshot, whether it meets the condition or not
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._error is not None or condition(self.snapshot()), timeout
            )
            return self.snapshot()

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot; its `Attachment` has the delay."""
        with self._changed:
            if self._attachment() != self._snapshot.attachment:
                self._show(self._snapshot)
            return self._snapshot

    def submit(
        self,
        command: AnyCommand,
        actor: Actor,
        why: str = "",
        at: int | None = None,
        ticket: int | None = None,
    ) -> int:
        """Send a command, and return its ticket. Without a connection it is sent with the next.

        With the ``ticket`` of a command that was sent before, it is not applied again.

        Raises
        ------
        TuitrainError : the run has ended, or the connection is lost for good
        """
        if self._error is not None:
            raise self._error
        with self._changed:
            message = self._commands.add(to_text(command), actor, why, at, ticket)
        self._link.send(message)
        return message.ticket

    def cancel(self, ticket: int, actor: Actor) -> None:
        """Refuse a command that waits for its step; without a connection nothing is done."""
        with self._changed:
            waiting = [item for item in self._snapshot.scheduled if item.ticket == ticket]
            messages = [self._commands.cancel(item, actor) for item in waiting]
        for message in messages:
            self._link.send(message)

    def select_parameter(self, parameter: str | None) -> None:
        """Request this parameter's statistics; None for no parameter."""
        self._request(parameter=parameter)

    def inspect(self, request: InspectionRequest | None) -> None:
        """Request an inspection; None ends it."""
        self._request(inspection=encode_request(request))

    def preview(self, command: AnyCommand | None) -> None:
        """Request a preview of the next update after a command; None ends it."""
        self._request(preview=None if command is None else to_text(command))

    def use_pen(self, action: PenAction) -> None:
        """Ask for the pen, release it, or keep it although another viewer asks."""
        self._link.send(UsePen(action))

    def on_resume(self) -> None:
        """Do nothing: the run is not suspended with this process."""

    def close(self) -> None:
        """Leave; the run continues."""
        self._link.close()

    def _request(self, **changes: object) -> None:
        self._views = msgspec.structs.replace(self._views, **changes)
        self._link.send(self._views)

    def _restart(self) -> None:
        """Begin with whole snapshots again: a new connection knows nothing of the last."""
        self._decoder = SnapshotDecoder(thins_curves=self._is_screen)

    def _take(self, reply: Reply) -> None:
        """Take a message of the run.

        Raises
        ------
        TuitrainError : the run speaks another version, or the message cannot be read
        """
        match reply:
            case Welcome():
                self._greet(reply)
            case SnapshotMessage():
                snapshot = self._decoder.decode(reply.data)
                with self._changed:
                    self._received += 1
                    self._commands.read_journal(snapshot.journal)
                    self._show(snapshot)
                self._link.send(Received(reply.number))
            case PenState():
                with self._changed:
                    self._pen = reply
                    self._changed.notify_all()
            case RefusedCommand():
                with self._changed:
                    self._commands.refuse(reply, self._snapshot.step)
                    self._show(self._snapshot)
            case Pong():
                self._lateness.note_pong(reply)
            case Farewell():
                if not reply.may_return:
                    self._end(FarewellProblem(reply.reason))
            case _:
                pass

    def _greet(self, welcome: Welcome) -> None:
        if welcome.version != PROTOCOL_VERSION:
            raise ProtocolError(
                f"the run speaks version {welcome.version} of the protocol, and this program "
                f"version {PROTOCOL_VERSION}; use the same version of tuitrain on both sides"
            )
        self._welcome = welcome
        self._note("")
        self._link.send(self._views)
        for message in self._commands.unanswered:
            self._link.send(message)

    def _show(self, snapshot: Snapshot) -> None:
        """Show a snapshot under a new version; called with the lock."""
        self._versions += 1
        is_lost = self._error is not None and not snapshot.phase.ended and self._is_screen
        self._snapshot = replace(
            snapshot,
            phase=Phase.LOST if is_lost else snapshot.phase,
            version=self._versions,
            journal=self._commands.journal,
            attachment=self._attachment(),
        )
        self._changed.notify_all()

    def _note(self, problem: str) -> None:
        with self._changed:
            self._problem = problem
            self._changed.notify_all()

    def _end(self, error: TuitrainError) -> None:
        """Note that there will be no further snapshot."""
        self._link.end()
        with self._changed:
            self._error = error
            self._problem = str(error)
            self._changed.notify_all()

    def _attachment(self) -> Attachment:
        pen = self._pen
        return Attachment(
            viewers=pen.viewers,
            pen=pen.holder,
            holds_pen=pen.is_yours,
            asked_by=pen.asked_by,
            seconds_left=pen.seconds_left,
            is_asking=pen.is_asking,
            delay=None if self._error else self._lateness.seconds,
            problem=self._problem,
        )
