"""The messages, as typed structs; encoded with MessagePack.

The first message of each side is `Hello` and `Welcome`: they name the version of the protocol.
Unknown fields of a message are ignored, because a later version may send them.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar

import msgspec

from tuitrain.commands import MAX_COUNT

from ..errors import ProtocolError

PROTOCOL_VERSION: Final = 1
"""The version of the messages; viewer and run must have the same."""

MAX_NAME: Final = 64
"""Maximum number of characters of a viewer's name."""

Role: TypeAlias = Literal["viewer", "control", "list"]
"""The user of a connection: a screen, a program that sends commands, or a list of runs."""

PenAction: TypeAlias = Literal["take", "release", "keep"]
"""Ask for the pen, or take it after notice; give it away; keep it although another asks."""

MIN_TICKET: Final = 2**32
MAX_TICKET: Final = 2**62
Ticket: TypeAlias = Annotated[int, msgspec.Meta(ge=MIN_TICKET, le=MAX_TICKET)]
Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=64 * 1024)]
Name: TypeAlias = Annotated[str, msgspec.Meta(max_length=MAX_NAME)]


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """The first message of a viewer.

    Attributes
    ----------
    version : of the protocol
    role : the purpose of the connection
    name : of the viewer, for the journal and other viewers: ``laptop``
    read_only : whether this viewer never steers
    wants_pen : whether the viewer takes the pen if no other holds it
    """

    version: int
    role: Role
    name: Name = ""
    read_only: bool = False
    wants_pen: bool = True


class SubmitCommand(msgspec.Struct, frozen=True, tag="submit"):
    """A command.

    Attributes
    ----------
    ticket : identifies the command; one that comes again is not applied again
    command : its text form
    actor : who gives it: ``key``
    why : the reason, for the journal
    at : the step before which it is applied; None for the next boundary
    """

    ticket: Ticket
    command: Text
    actor: Name
    why: Annotated[str, msgspec.Meta(max_length=200)] = ""
    at: Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)] | None = None


class CancelCommand(msgspec.Struct, frozen=True, tag="cancel"):
    """Refuse a command that waits for its step.

    Attributes
    ----------
    ticket : identifies this request, for a refusal
    waiting : the ticket of the command
    actor : who cancels it
    """

    ticket: Ticket
    waiting: Annotated[int, msgspec.Meta(ge=0, le=2**62)]
    actor: Name


class RequestViews(msgspec.Struct, frozen=True, tag="views"):
    """The wanted contents of the next snapshots for this viewer; replaces the last request.

    Attributes
    ----------
    parameter : the parameter described in full, or None
    inspection : a request as `encode_request` gives it, or None
    preview : the text form of a command, or None
    """

    parameter: Text | None = None
    inspection: Any = None
    preview: Text | None = None


class Received(msgspec.Struct, frozen=True, tag="received"):
    """The viewer has drawn the snapshots up to this number: it can take the next."""

    number: int


class UsePen(msgspec.Struct, frozen=True, tag="pen"):
    """Ask for the pen, release it, or keep it."""

    action: PenAction


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    """Asks for a `Pong` with the same number."""

    number: int


class Leave(msgspec.Struct, frozen=True, tag="leave"):
    """The viewer leaves."""


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """The first message of a run.

    Attributes
    ----------
    version : of the protocol
    run : the run's name
    id : identifies the run on its machine
    folder : of the record
    pid : of the process
    host : the machine
    """

    version: int
    run: str
    id: str
    folder: str
    pid: int
    host: str


class SnapshotMessage(msgspec.Struct, frozen=True, tag="snapshot"):
    """A snapshot, whole or as differences; see `tuitrain.remote.snapshots`."""

    number: int
    data: bytes


class PenState(msgspec.Struct, frozen=True, tag="pen_state"):
    """Who watches and who steers.

    Attributes
    ----------
    viewers : the number of screens, those of the run's own process included
    holder : the name of the viewer with the pen; "" for none
    is_yours : whether the receiver holds it
    asked_by : the viewer who asks for it; "" for none
    seconds_left : until it goes to that viewer
    is_asking : whether the receiver asks for it
    """

    viewers: int
    holder: str
    is_yours: bool
    asked_by: str = ""
    seconds_left: int = 0
    is_asking: bool = False


class RefusedCommand(msgspec.Struct, frozen=True, tag="refused"):
    """A command that did not reach the run, with the reason."""

    ticket: int
    reason: str


class Pong(msgspec.Struct, frozen=True, tag="pong"):
    """The answer to a `Ping`."""

    number: int


class Status(msgspec.Struct, frozen=True, tag="status"):
    """A run in a list.

    Attributes
    ----------
    phase : as in `Phase`
    step, total_steps : steps taken, and planned
    loss : the last loss; None if there is none, or it is not finite
    metric, value : the main metric and its last value
    viewers : the number of screens
    samples_per_second : the throughput; 0 while paused
    curve : the loss at evenly spaced steps, at most 64 values; null where it is not finite
    problem : why the run is no longer recorded; or ""
    speed_unit : ``samples`` or ``steps``: what ``samples_per_second`` counts
    """

    phase: str
    step: int
    total_steps: int
    loss: float | None
    metric: str
    value: float | None
    viewers: int
    samples_per_second: float
    curve: list[float | None]
    problem: str = ""
    speed_unit: str = "samples"


class Farewell(msgspec.Struct, frozen=True, tag="farewell"):
    """The last message of a run.

    Attributes
    ----------
    reason : one sentence
    may_return : whether the viewer may connect again by itself
    """

    reason: str
    may_return: bool = False


Request: TypeAlias = (
    Hello | SubmitCommand | CancelCommand | RequestViews | Received | UsePen | Ping | Leave
)
Reply: TypeAlias = Welcome | SnapshotMessage | PenState | RefusedCommand | Pong | Status | Farewell

_encoder = msgspec.msgpack.Encoder()
_requests = msgspec.msgpack.Decoder(Request)
_replies = msgspec.msgpack.Decoder(Reply)
_Message = TypeVar("_Message")


def encode_message(message: Request | Reply) -> bytes:
    """Return a message as bytes."""
    return _encoder.encode(message)


def decode_request(data: bytes) -> Request:
    """Read a viewer's message.

    Raises
    ------
    ProtocolError : it is none; names the fault and its place
    """
    return _decode(_requests, data)


def decode_reply(data: bytes) -> Reply:
    """Read a run's message.

    Raises
    ------
    ProtocolError : it is none; names the fault and its place
    """
    return _decode(_replies, data)


def _decode(decoder: msgspec.msgpack.Decoder[_Message], data: bytes) -> _Message:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise ProtocolError(f"a message cannot be read: {reason}") from None
