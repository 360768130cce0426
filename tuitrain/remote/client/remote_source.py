"""A run in another process, as the app's `Source`: connects, and connects again by itself."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tuitrain.commands import AnyCommand, to_text
from tuitrain.engines.inspection import InspectionRequest
from tuitrain.errors import NoSuchRunError, TuitrainError
from tuitrain.run.snapshot import Actor, Attachment, Phase, RunInfo, Snapshot

from ..errors import ConnectionProblem, ProtocolError
from ..snapshots import SnapshotDecoder, encode_request
from ..wire.frames import MAX_REPLY_BYTES, FrameReader, make_frame
from ..wire.messages import (
    PROTOCOL_VERSION,
    Farewell,
    Hello,
    Leave,
    PenAction,
    PenState,
    Ping,
    Pong,
    Received,
    RefusedCommand,
    Reply,
    Request,
    RequestViews,
    Role,
    SnapshotMessage,
    UsePen,
    Welcome,
    decode_reply,
    encode_message,
)
from .endpoint import Endpoint, Link
from .retry_delays import retry_delays
from .sent_commands import SentCommands

PING_SECONDS: Final = 1.0
"""Seconds between two pings, from which the screen knows how late it is."""

SILENCE_SECONDS: Final = 15.0
"""Seconds without a message of the run after which the connection counts as lost."""

LATE_SECONDS: Final = 1.0
"""A screen that is less late than this says nothing of it."""

JOIN_SECONDS: Final = 2.0


class RemoteSource:
    """A run in another process. Its methods return at once; any thread may call them.

    Parameters
    ----------
    endpoint : where the run is
    name : of this viewer, for the journal and for other viewers
    read_only : whether this viewer never steers
    role : ``viewer`` for a screen, ``control`` for a program that sends commands
    returns : whether to connect again after a lost connection
    clock : seconds that only grow
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
        self._endpoint = endpoint
        self._hello = Hello(PROTOCOL_VERSION, role, name, read_only, not read_only)
        self._returns = returns
        self._clock = clock
        self._changed = threading.Condition(threading.RLock())
        info = RunInfo(endpoint.label, "", "", 0, 1, 0, 0)
        self._snapshot = Snapshot(0, info, Phase.STARTING, note="connecting")
        self._versions = 0
        self._commands = SentCommands()
        self._views = RequestViews()
        self._pen = PenState(1, "", False)
        self._problem = "connecting"
        self._received = 0
        self._error: TuitrainError | None = None
        self._welcome: Welcome | None = None
        self._heard_at = self._pinged_at = clock()
        self._ping = 0
        self._round_trip = 0.0
        self._is_closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="tuitrain-viewer", daemon=True)

    @property
    def welcome(self) -> Welcome | None:
        """What the run has said of itself; None before the first connection."""
        return self._welcome

    @property
    def error(self) -> TuitrainError | None:
        """Why there is no connection any more, and none will be made; or None."""
        return self._error

    @property
    def received(self) -> int:
        """The number of snapshots that the run has sent."""
        return self._received

    def start(self) -> RemoteSource:
        """Start to connect, and return the source itself."""
        self._thread.start()
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
        """Return the newest snapshot; its `Attachment` says how late it is."""
        with self._changed:
            if self._attachment() != self._snapshot.attachment:
                self._show(self._snapshot)
            return self._snapshot

    def submit(
        self, command: AnyCommand, actor: Actor, why: str = "", at: int | None = None
    ) -> int:
        """Send a command, and return its ticket. Without a connection it is sent with the next.

        Raises
        ------
        TuitrainError : the run has ended, or this viewer may not steer
        """
        if self._error is not None:
            raise self._error
        with self._changed:
            message = self._commands.add(to_text(command), actor, why, at)
        self._send_soon(message)
        return message.ticket

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
        self._send_soon(UsePen(action))

    def on_resume(self) -> None:
        """Do nothing: the run is not suspended with this process."""

    def close(self) -> None:
        """Leave; the run continues."""
        self._is_closing = True
        loop, task = self._loop, self._task
        if loop is not None and task is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                loop.call_soon_threadsafe(self._leave)
        if self._thread.is_alive():
            self._thread.join(JOIN_SECONDS)

    def _leave(self) -> None:
        if self._writer is not None:
            self._send(Leave())
        if self._task is not None:
            self._task.cancel()

    def _request(self, **changes: object) -> None:
        fields = {name: getattr(self._views, name) for name in RequestViews.__struct_fields__}
        self._views = RequestViews(**{**fields, **changes})  # pyright: ignore[reportArgumentType]
        self._send_soon(self._views)

    def _send_soon(self, message: Request) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._send, message)

    def _send(self, message: Request) -> None:
        """Send a message; without a connection it is dropped: commands are sent again."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(make_frame(encode_message(message)))

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._stay_connected())

    async def _stay_connected(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        delays = retry_delays()
        while not self._is_closing:
            try:
                link = await self._endpoint.connect()
                received = self._received
                await self._follow(link)
                if self._received > received:
                    delays = retry_delays()
            except NoSuchRunError as error:
                self._end(error)
                return
            except ConnectionProblem as error:
                self._note(str(error))
            except ProtocolError as error:
                self._end(error)
                return
            if self._error is not None:
                return
            if not self._returns:
                self._end(ConnectionProblem(self._problem))
                return
            await asyncio.sleep(next(delays))

    async def _follow(self, link: Link) -> None:
        """Read messages until the connection ends."""
        decoder, frames = SnapshotDecoder(), FrameReader(MAX_REPLY_BYTES)
        self._writer = link.writer
        self._heard_at = self._clock()
        self._send(self._hello)
        pings = asyncio.create_task(self._send_pings())
        try:
            while True:
                async with asyncio.timeout(SILENCE_SECONDS):
                    data = await link.reader.read(1 << 18)
                if not data:
                    break
                for message in frames.feed(data):
                    self._take(decode_reply(message), decoder)
        except TimeoutError:
            self._note(f"no word from the run for {SILENCE_SECONDS:.0f} s")
        except OSError as error:
            self._note(error.strerror or "the connection was lost")
        else:
            self._note(link.why_lost() or "the connection was lost")
        finally:
            pings.cancel()
            self._writer = None
            await link.close()

    async def _send_pings(self) -> None:
        while True:
            self._ping += 1
            self._pinged_at = self._clock()
            self._send(Ping(self._ping))
            await asyncio.sleep(PING_SECONDS)

    def _take(self, reply: Reply, decoder: SnapshotDecoder) -> None:
        """Take a message of the run.

        Raises
        ------
        ProtocolError : the run speaks another version, or the message is not allowed here
        """
        self._heard_at = self._clock()
        match reply:
            case Welcome():
                self._greet(reply)
            case SnapshotMessage():
                snapshot = decoder.decode(reply.data)
                with self._changed:
                    self._received += 1
                    self._commands.read_journal(snapshot.journal)
                    self._show(snapshot)
                self._send(Received(reply.number))
            case PenState():
                with self._changed:
                    self._pen = reply
                    self._changed.notify_all()
            case RefusedCommand():
                with self._changed:
                    self._commands.refuse(reply, self._snapshot.step)
                    self._show(self._snapshot)
            case Pong() if reply.number == self._ping:
                self._round_trip = self._clock() - self._pinged_at
            case Farewell():
                if not reply.may_return:
                    self._end(ConnectionProblem(reply.reason))
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
        self._send(self._views)
        for message in self._commands.unanswered:
            self._send(message)

    def _show(self, snapshot: Snapshot) -> None:
        """Show a snapshot under a new version; called with the lock."""
        self._versions += 1
        self._snapshot = replace(
            snapshot,
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
        with self._changed:
            self._error = error
            self._problem = str(error)
            self._changed.notify_all()

    def _attachment(self) -> Attachment:
        late = max(self._round_trip, self._clock() - self._heard_at - PING_SECONDS)
        pen = self._pen
        return Attachment(
            viewers=pen.viewers,
            pen=pen.holder,
            holds_pen=pen.is_yours,
            asked_by=pen.asked_by,
            seconds_left=pen.seconds_left,
            delay=round(late, 1) if late >= LATE_SECONDS else None,
            problem=self._problem,
        )
