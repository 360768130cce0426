"""The state of an engine as bytes, to send it to the other ranks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, cast

import msgspec
import numpy as np

from ....state import Array, EngineState
from ..state_parts import count_parts

RANKS: Final = "ranks"
"""The entry of a state's ``random`` that has the parts of the other ranks, as plain values."""


class _Packed(msgspec.Struct, frozen=True):
    """An array: its type, its shape, its bytes."""

    kind: str
    shape: tuple[int, ...]
    content: bytes


def encode_state(state: EngineState) -> bytes:
    """Return a state as bytes."""
    return msgspec.msgpack.encode(state, enc_hook=_pack)


def decode_state(content: bytes) -> EngineState:
    """Return the state that `encode_state` has written."""
    return msgspec.msgpack.decode(content, type=EngineState, dec_hook=_unpack)


def parts_of(state: EngineState) -> tuple[Any, ...]:
    """Return the parts of the ranks from 1 on that a state has."""
    return tuple(state.random.get(RANKS, ()))


def ranks_of(state: EngineState) -> int:
    """Return the number of processes that a state is of."""
    return count_parts(state) or len(parts_of(state)) + 1


def with_parts(state: EngineState, parts: list[Any]) -> EngineState:
    """Return a state with the parts of the ranks from 1 on."""
    return replace(state, random={**state.random, RANKS: parts})


def _pack(value: object) -> _Packed:
    assert isinstance(value, np.ndarray)
    array = cast("Array", value)
    return _Packed(array.dtype.str, array.shape, array.tobytes())


def _unpack(kind: type, value: Any) -> Array:
    del kind
    packed = msgspec.convert(value, _Packed)
    return np.frombuffer(bytearray(packed.content), packed.kind).reshape(packed.shape)
