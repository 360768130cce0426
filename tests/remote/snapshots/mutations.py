"""Random changes of encoded snapshots, for tests and for `make fuzz`.

A decoder may refuse changed bytes with a `RemoteDataError`, or return a snapshot. Anything else is
a finding.
"""

from __future__ import annotations

import random
import struct
import traceback
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from tuitrain.remote.snapshots import RemoteDataError, SnapshotDecoder, SnapshotEncoder
from tuitrain.run.snapshot import Snapshot

_EXTREMES: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    0,
    1,
    2**31,
    2**63,
    -(2**63),
    float("nan"),
    float("inf"),
    "",
    "x" * 1000,
    b"",
    b"\xdd\xff\xff\xff\xff",
    [],
    {},
    [[]],
    ["<f8", [2**48], b""],
    [0, "O", [1], b"12345678"],
    [0, "<f8", [2**40, 2**40], b""],
    [0, "<f8", [0, 2**48, 2**48], b""],
    [1, 0, None],
    {"unknown": 1},
)
"""Values that are put in the place of others."""

_HEADERS: Final = (
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\x91",
)


def encode_run(snapshots: Sequence[Snapshot]) -> list[bytes]:
    """Return the frames of a run, the first of which is whole."""
    encoder = SnapshotEncoder()
    return [encoder.encode(snapshot) for snapshot in snapshots]


def mutate(frame: bytes, draw: random.Random) -> bytes:
    """Return a frame with a random change: of its bytes, or of a value inside of it."""
    change = draw.choice(_CHANGES)
    return change(frame, draw)


def fuzz_decoder(
    frames: Sequence[bytes], draw: random.Random, count: int
) -> tuple[dict[str, int], list[str]]:
    """Feed decoders changed frames, each after unchanged ones.

    Parameters
    ----------
    frames : what an encoder has returned, the first frame whole
    count : the number of changed frames

    Returns
    -------
    The numbers of frames that were ``read`` and ``refused``, and the tracebacks of the findings
    """
    counts = {"read": 0, "refused": 0}
    findings: list[str] = []
    while sum(counts.values()) + len(findings) < count:
        decoder, before = SnapshotDecoder(), draw.randrange(draw.randint(1, len(frames)))
        for frame in frames[:before]:
            decoder.decode(frame)
        changed = mutate(frames[before] if draw.random() < 0.9 else draw.choice(frames), draw)
        try:
            decoder.decode(changed)
            counts["read"] += 1
        except RemoteDataError as error:
            counts["refused"] += 1
            if "\n" in str(error) or not str(error):
                findings.append(f"not one sentence: {error!r}")
        except Exception:
            findings.append(traceback.format_exc())
    return counts, findings


def _flip(frame: bytes, draw: random.Random) -> bytes:
    changed = bytearray(frame)
    for _ in range(draw.choice((1, 1, 2, 8))):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _cut(frame: bytes, draw: random.Random) -> bytes:
    return frame[: draw.randrange(len(frame))]


def _repeat(frame: bytes, draw: random.Random) -> bytes:
    place = draw.randrange(len(frame))
    return frame[:place] + frame[draw.randrange(len(frame)) :]


def _insert(frame: bytes, draw: random.Random) -> bytes:
    place = draw.randrange(len(frame))
    return frame[:place] + draw.choice(_HEADERS) * draw.choice((1, 1, 3000)) + frame[place:]


def _replace_number(frame: bytes, draw: random.Random) -> bytes:
    place = draw.randrange(max(1, len(frame) - 8))
    number = struct.pack(">Q", draw.choice((0, 2**64 - 1, 2**63, 0x7FF8 << 48)))
    return frame[:place] + number + frame[place + 8 :]


def _replace_value(frame: bytes, draw: random.Random) -> bytes:
    """Replace a value, at any depth, and also inside of nested msgpack."""
    tree: Any = msgspec.msgpack.decode(frame)
    return msgspec.msgpack.encode(_with_change(tree, draw))


def _with_change(value: Any, draw: random.Random) -> Any:
    if draw.random() < 0.1:
        return draw.choice(_EXTREMES)
    if isinstance(value, dict) and value:
        key = draw.choice(list(value))
        kind = draw.random()
        if kind < 0.1:
            return {name: item for name, item in value.items() if name != key}
        if kind < 0.2:
            return {**value, draw.choice(("unknown", "")): draw.choice(_EXTREMES)}
        return {**value, key: _with_change(value[key], draw)}
    if isinstance(value, list) and value:
        index = draw.randrange(len(value))
        kind = draw.random()
        if kind < 0.1:
            return value[:index] + value[index + 1 :]
        if kind < 0.2:
            return [*value, draw.choice((value[index], draw.choice(_EXTREMES)))]
        return [*value[:index], _with_change(value[index], draw), *value[index + 1 :]]
    if isinstance(value, bytes) and value:
        try:
            return msgspec.msgpack.encode(_with_change(msgspec.msgpack.decode(value), draw))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return draw.choice((value[1:], value + b"\0", value[8:], value * 2))
    if isinstance(value, int) and not isinstance(value, bool):
        return draw.choice((value - 1, value + 1, -value, 2**40))
    return draw.choice(_EXTREMES)


_CHANGES: Final[tuple[Callable[[bytes, random.Random], bytes], ...]] = (
    _flip,
    _cut,
    _repeat,
    _insert,
    _replace_number,
    *[_replace_value] * 5,
)
