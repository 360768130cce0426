"""The messages of rank 0 to the other ranks at an exchange, as bytes."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from ....pending_step import HoldCondition


class Grant(msgspec.Struct, frozen=True, tag="grant"):
    """All ranks take steps; the next exchange is after them.

    Attributes
    ----------
    step : the steps taken before, for a check
    count : the steps to take
    is_new : whether a new call of `Trainable.run` begins, which ``holds`` and ``condition`` are of
    holds : whether a breakpoint may hold a step
    condition : the steps that it may hold; None for any
    is_measured : whether the sizes of the first update are measured
    """

    step: int
    count: int
    is_new: bool = False
    holds: bool = False
    condition: HoldCondition | None = None
    is_measured: bool = False


class Apply(msgspec.Struct, frozen=True, tag="apply"):
    """A command that rank 0 has applied."""

    command: str


class Capture(msgspec.Struct, frozen=True, tag="capture"):
    """Each rank answers with its part of the state."""


class Load(msgspec.Struct, frozen=True, tag="load"):
    """A state that rank 0 has loaded, as `state_codec` writes it, with a part for each rank."""

    state: bytes
    parts: tuple[bytes, ...]


class KeepPart(msgspec.Struct, frozen=True, tag="keep"):
    """Each rank keeps a copy of its part of the state, where parameters are sharded.

    Attributes
    ----------
    number : by which it is loaded or written
    dropped : the numbers of copies that are not needed any more
    """

    number: int
    dropped: tuple[int, ...] = ()


class LoadPart(msgspec.Struct, frozen=True, tag="load_part"):
    """Each rank continues from a part that it keeps."""

    number: int


class ReadPart(msgspec.Struct, frozen=True, tag="read_part"):
    """Each rank reads its part from a file and keeps it; it answers why it cannot, or nothing."""

    number: int
    place: str


class WritePart(msgspec.Struct, frozen=True, tag="write_part"):
    """Each rank writes a part that it keeps, and answers why it cannot, or nothing."""

    number: int
    place: str


class RemoveParts(msgspec.Struct, frozen=True, tag="remove_parts"):
    """Each rank removes its file at a place, or, with ``others``, those beside it."""

    place: str
    others: bool


class Digests(msgspec.Struct, frozen=True, tag="digests"):
    """Each rank answers with the digests of its part: one of all of it, or one for each name."""

    is_whole: bool


class Report(msgspec.Struct, frozen=True, tag="report"):
    """Each rank answers with its view."""


class Release(msgspec.Struct, frozen=True, tag="release"):
    """The session has ended: the loops run on alone, or are stopped."""

    is_stopped: bool


PartMessage: TypeAlias = KeepPart | LoadPart | ReadPart | WritePart | RemoveParts

Message: TypeAlias = Grant | Apply | Capture | Load | PartMessage | Digests | Report | Release

_DECODER: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


def encode(message: Message) -> bytes:
    """Return a message as bytes."""
    return msgspec.msgpack.encode(message)


def decode(content: bytes) -> Message:
    """Return the message that `encode` has written."""
    return _DECODER.decode(content)
