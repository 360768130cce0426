"""One connection of a viewer, in the process of the run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from tuitrain.commands import AnyCommand, parse
from tuitrain.errors import CommandError, TuitrainError
from tuitrain.run.snapshot import Phase, Snapshot

from ..errors import ProtocolError
from ..snapshots import SnapshotEncoder
from ..snapshots import decode_request as decode_inspection
from ..wire.frames import make_frame
from ..wire.messages import (
    CancelCommand,
    Farewell,
    Hello,
    Leave,
    PenState,
    Ping,
    Pong,
    Received,
    RefusedCommand,
    Reply,
    Request,
    RequestViews,
    SnapshotMessage,
    SubmitCommand,
    UsePen,
    Welcome,
    encode_message,
)
from .pen import Pen, PenView
from .request_reader import RequestReader
from .silence import await_viewer
from .status import make_status
from .viewer_commands import ViewerCommands
from .watched_run import RunViewer, WatchedRun

MAX_UNREAD: Final = 2
"""Maximum number of snapshots that a viewer has not drawn yet. A slower viewer gets fewer, and the
memory for it is bounded."""

FRESH_SECONDS: Final = 0.3
"""Seconds that a list waits for a snapshot newer than the last one, which may be old."""


class Connection:
    """Serves one viewer: reads its messages, and sends it snapshots when `send_due` is called.

    Parameters
    ----------
    number : identifies the viewer in the run's process
    run : gives it snapshots and takes its commands
    pen : knows who steers
    welcome : the first reply
    encoder : makes differences for this viewer
    on_request : called when something is due to a viewer before the next regular snapshot
    on_answer : called from any thread when an answer for a waiting viewer may be there
    """

    def __init__(
        self,
        number: int,
        run: WatchedRun,
        pen: Pen,
        welcome: Welcome,
        encoder: SnapshotEncoder,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_request: Callable[[], None] = lambda: None,
        on_answer: Callable[[], None] = lambda: None,
    ) -> None:
        self._number = number
        self._run = run
        self._pen = pen
        self._welcome = welcome
        self._encoder = encoder
        self._requests = RequestReader(reader)
        self._writer = writer
        self._on_request = on_request
        self._on_answer = on_answer
        self._viewer: RunViewer | None = None
        self._commands: ViewerCommands | None = None
        self._sent = self._received = 0
        self._version: int | None = None
        self._pen_view: PenView | None = None
        self._is_finished = False
        self._waiting: set[int] = set()
        self._has_publication = self._has_fresh = False

    @property
    def name(self) -> str:
        """The viewer's name, for messages; "" before its first message."""
        return self._requests.name

    @property
    def descriptor(self) -> int:
        """The descriptor of the socket; -1 if it is closed."""
        return self._writer.get_extra_info("socket").fileno()

    @property
    def is_urgent(self) -> bool:
        """Whether the viewer waits for an answer, its first snapshot, or one built for it.

        Before a viewer comes, snapshots may not be built, so the first one may be old.
        """
        return bool(self._waiting) or self._version is None or not self._has_fresh

    @property
    def takes_snapshots(self) -> bool:
        """Whether the viewer is to be sent snapshots."""
        return self._viewer is not None

    async def serve(self) -> None:
        """Serve the viewer until it leaves.

        Raises
        ------
        ProtocolError : it has broken the protocol; it was sent the reason
        SilentViewerError : it has sent nothing, or read nothing, for `SILENCE_SECONDS`
        OSError : the connection is lost
        """
        hello = await self._requests.read_hello()
        if hello is None:
            return
        self._send(self._welcome)
        if hello.role == "list":
            await self._send_status()
            return
        self._join(hello)
        try:
            while (request := await self._requests.read_request()) is not None:
                if isinstance(request, Leave):
                    break
                await self._handle(request)
        finally:
            self._leave()

    def send_due(self) -> None:
        """Send the newest snapshot and the state of the pen, if the viewer has not got them."""
        if self._viewer is None or self._writer.is_closing():
            return
        self._send_pen()
        if self._sent - self._received >= MAX_UNREAD:
            return
        has_publication = self._has_publication  # before the snapshot, which may be a later one
        snapshot = self._viewer.snapshot()
        if snapshot.version != self._version:
            self._send_snapshot(snapshot)
        self._has_fresh = has_publication

    def send_last(self, farewell: Farewell) -> None:
        """Send the last snapshot, however slow the viewer is, and a farewell."""
        if self._viewer is not None and not self._writer.is_closing():
            self._send_snapshot(self._viewer.snapshot())
            self._send(farewell)

    def refuse(self, reason: str) -> None:
        """Tell the viewer why it is not served."""
        self._send(Farewell(reason))

    def finish(self) -> None:
        """Send nothing more; `serve` returns when the viewer has closed the connection.

        What the viewer sends until then is still read: to an error of its socket it would lose the
        last messages.
        """
        self._is_finished = True
        if not self._writer.is_closing():
            self._writer.write_eof()

    def abort(self) -> None:
        """Close the connection, and discard unsent messages; does nothing if it is closed."""
        if self.descriptor >= 0:  # asyncio raises for a connection that has closed by itself
            self._writer.transport.abort()

    def _join(self, hello: Hello) -> None:
        attends = hello.role == "viewer" and not hello.read_only
        self._viewer = self._run.open_viewer(attends, self._note_publication)
        self._commands = ViewerCommands(self._number, hello, self._viewer, self._pen)
        if hello.role == "viewer":
            self._pen.join(self._number, hello.name, not hello.read_only, hello.wants_pen)
        self._on_request()  # the first snapshot is due

    def _note_publication(self) -> None:
        """Have an awaited snapshot sent soon; called on the run's thread."""
        is_first, self._has_publication = not self._has_publication, True
        if self._waiting or is_first:
            self._on_answer()

    def _leave(self) -> None:
        viewer, self._viewer = self._viewer, None
        self._pen.leave(self._number)
        if viewer is not None:
            viewer.close()

    async def _handle(self, request: Request) -> None:
        match request:
            case SubmitCommand() | CancelCommand():
                self._submit(request)
            case RequestViews():
                self._request_views(request)
                self._on_request()
            case Received():
                self._received = max(self._received, min(request.number, self._sent))
                if self._waiting:
                    self._on_request()
            case UsePen():
                self._use_pen(request)
                self._on_request()
            case Ping():
                self._send(Pong(request.number))
            case _:
                raise ProtocolError(f"a second {type(request).__name__}")
        # A viewer that does not read is not read, either.
        await await_viewer(self._writer.drain(), self.name)

    def _submit(self, request: SubmitCommand | CancelCommand) -> None:
        commands = self._commands
        assert commands is not None
        try:
            match request:
                case SubmitCommand():
                    self._waiting.add(request.ticket)  # the answer may come at once
                    commands.submit(request)
                case CancelCommand():
                    commands.cancel(request)
        except TuitrainError as error:
            self._waiting.discard(request.ticket)
            self._send(RefusedCommand(request.ticket, str(error)))

    def _request_views(self, request: RequestViews) -> None:
        viewer = self._viewer
        assert viewer is not None
        viewer.select_parameter(request.parameter)
        viewer.inspect(decode_inspection(request.inspection))
        viewer.preview(_parsed_or_none(request.preview))

    def _use_pen(self, request: UsePen) -> None:
        match request.action:
            case "take":
                self._pen.take(self._number)
            case "release":
                self._pen.release(self._number)
            case "keep":
                self._pen.keep(self._number)
        self._send_pen()

    def _send_pen(self) -> None:
        view = self._pen.view(self._number)
        if view != self._pen_view:
            self._pen_view = view
            self._send(
                PenState(
                    viewers=view.viewers,
                    holder=view.holder,
                    is_yours=view.is_yours,
                    asked_by=view.asked_by,
                    seconds_left=view.seconds_left,
                    is_asking=view.is_asking,
                )
            )

    def _send_snapshot(self, snapshot: Snapshot) -> None:
        self._version = snapshot.version
        self._sent += 1
        self._send(SnapshotMessage(self._sent, self._encoder.encode(snapshot)))
        if self._waiting:
            self._waiting -= {entry.ticket for entry in snapshot.journal[-200:]}
            self._waiting -= {waiting.ticket for waiting in snapshot.scheduled}

    async def _send_status(self) -> None:
        """Send the status once, of a snapshot that is built now if the run is under way."""
        viewer = self._run.open_viewer(attends=False)
        try:
            snapshot = viewer.snapshot()
            if snapshot.phase is Phase.RUNNING:
                await asyncio.sleep(FRESH_SECONDS)
                snapshot = viewer.snapshot()
        finally:
            viewer.close()
        self._send(make_status(snapshot, self._pen.view(self._number).viewers))
        await self._writer.drain()

    def _send(self, message: Reply) -> None:
        if not self._is_finished:
            self._writer.write(make_frame(encode_message(message)))


def _parsed_or_none(text: str | None) -> AnyCommand | None:
    """Return a command; None for a string that is none: the viewer shows why by itself."""
    try:
        return None if text is None else parse(text)
    except CommandError:
        return None
