"""What rank 0 sends to the other ranks at an exchange, as bytes."""

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


class Call(msgspec.Struct, frozen=True, tag="call"):
    """A method of the engine, which all ranks call together because it is collective."""

    method: str


class Report(msgspec.Struct, frozen=True, tag="report"):
    """Each rank answers with what is shown of it."""


class Release(msgspec.Struct, frozen=True, tag="release"):
    """The session has ended: the loops run on alone, or are stopped."""

    is_stopped: bool


Message: TypeAlias = Grant | Apply | Capture | Load | Call | Report | Release

_DECODER: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


def encode(message: Message) -> bytes:
    """Return a message as bytes."""
    return msgspec.msgpack.encode(message)


def decode(content: bytes) -> Message:
    """Return the message that `encode` has written."""
    return _DECODER.decode(content)
