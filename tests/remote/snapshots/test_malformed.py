"""Anything malformed is refused in one sentence, and takes no memory."""

from __future__ import annotations

import random
import tracemalloc
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.app import fake
from tests.remote.snapshots.generated_run import long_run
from tests.remote.snapshots.mutations import encode_run, fuzz_decoder
from tuitrain.remote.snapshots import (
    FORMAT_VERSION,
    RemoteDataError,
    SnapshotDecoder,
    SnapshotEncoder,
)

LARGEST = 64 * 2**20
"""Bytes that decoding changed frames of some kilobytes may take."""


def whole_tree() -> dict[str, Any]:
    """Return an encoded snapshot as plain values."""
    return msgspec.msgpack.decode(SnapshotEncoder().encode(fake.branched()))


def refused(tree: Any) -> str:
    """Return the error for plain values."""
    with pytest.raises(RemoteDataError) as caught:
        SnapshotDecoder().decode(msgspec.msgpack.encode(tree))
    return str(caught.value)


def test_another_format_is_named():
    newer = refused({**whole_tree(), "format": FORMAT_VERSION + 1, "new": 1})
    assert "update tuitrain on this side" in newer
    assert "update tuitrain on the other side" in refused({"format": 0})


def test_a_difference_needs_its_base():
    encoder = SnapshotEncoder()
    first, second = encoder.encode(fake.running(version=4)), encoder.encode(fake.running(version=5))
    with pytest.raises(RemoteDataError, match="difference to snapshot 4, but there is none"):
        SnapshotDecoder().decode(second)
    decoder = SnapshotDecoder()
    decoder.decode(first)
    third = encoder.encode(fake.running(version=6))
    with pytest.raises(RemoteDataError, match="to snapshot 5, but the last one here is 4"):
        decoder.decode(third)
    with pytest.raises(RemoteDataError, match="there is none"):
        decoder.decode(second)
    encoder.reset()
    assert decoder.decode(encoder.encode(fake.running(version=7))).version == 7


@pytest.mark.parametrize(
    "content", [b"", b"\xc1", b"\x00", b"\x80", b"\xc4", b"{}", b"\x91" * 10**6]
)
def test_other_bytes_are_no_snapshot(content):
    with pytest.raises(RemoteDataError, match="a snapshot"):
        SnapshotDecoder().decode(content)


def test_unknown_fields_are_named():
    tree = whole_tree()
    assert "'new'" in refused({**tree, "new": 1})
    parts = tree["parts"]
    assert "no part 'setp', did you mean 'step'?" in refused(
        {**tree, "parts": {**parts, "setp": 1}}
    )
    info = {**parts["info"], "owner": "me"}
    assert "'owner'" in refused({**tree, "parts": {**parts, "info": info}})


def test_missing_fields_are_named():
    tree = whole_tree()
    parts = {name: part for name, part in tree["parts"].items() if name not in ("info", "phase")}
    assert "lacks info, phase" in refused({**tree, "parts": parts})


@pytest.mark.parametrize(
    ("array", "message"),
    [
        ([0, "O", [1], b"12345678"], "dtype 'O'"),
        ([0, "<U2", [1], b"12345678"], "dtype '<U2'"),
        ([0, "V8", [1], b"12345678"], "dtype 'V8'"),
        ([0, "<f8", [3], b"12345678"], "takes 24 bytes, but 8 came"),
        ([0, "<f8", [2**40, 2**8], b""], "bytes, but 0 came"),
        ([0, "<f8", [0, 2**48, 2**48], b""], "axis|big|array"),
        ([0, "<f8", [-1], b""], "at least 0"),
        ([0, "<f8", [float("nan")], b""], "whole number"),
        ([0, "<f8", [1] * 40, b"12345678"], "32"),
        ([1, 0, None], "continues another one|begins with array"),
        ([7], "7"),
    ],
)
def test_arrays_are_what_their_bytes_say(array, message):
    weights = fake.FakeSource()
    weights.show(inspection=weights.seen(fake.InspectWeights("conv1.weight")))
    tree = msgspec.msgpack.decode(SnapshotEncoder().encode(weights.shown))
    tree["parts"]["inspection"][1]["value"]["sample"] = array
    with pytest.raises(RemoteDataError, match=message):
        SnapshotDecoder().decode(msgspec.msgpack.encode(tree))


@pytest.mark.parametrize(
    "curve",
    [
        [0, -1, 5, [0, "<i8", [0], b""], [0, "<f8", [0], b""]],  # keeps points of no curve
        [0, 3, 0, [0, "<i8", [0], b""], [0, "<f8", [0], b""]],  # continues an unknown curve
        [9, -1, 0, [0, "<i8", [0], b""], [0, "<f8", [0], b""]],  # is not in the snapshot
        [0, -1, 0, [0, "<i8", [1], b"12345678"], [0, "<f8", [0], b""]],
        [0, -1, 0, [0, "<f8", [1], b"12345678"], [0, "<f8", [1], b"12345678"]],
        [0, -1, 0, [2, 2**63], [0, "<f8", [1], b"12345678"]],
        [0, -1, 0, [2, 0], [0, "<f8", [1, 1], b"12345678"]],
        [0, -1, 0, [0, "<i8", [1, 1], b"12345678"], [0, "<f8", [1, 1], b"12345678"]],
    ],
)
def test_curves_continue_known_ones(curve):
    tree = msgspec.msgpack.decode(SnapshotEncoder().encode(fake.starting()))
    tree["parts"]["curves"][2] = [curve]
    assert "curve" in refused(tree)


def test_a_curve_longer_than_memory_is_refused():
    encoder, decoder = SnapshotEncoder(), SnapshotDecoder()
    run = long_run(3, seed=1)
    decoder.decode(encoder.encode(run[0]))
    tree = msgspec.msgpack.decode(encoder.encode(run[1]))
    tree["parts"]["curves"] = [
        None,
        None,
        [[0, 0, 2**60, [0, "<i8", [0], b""], [0, "<f8", [0], b""]]],
    ]
    with pytest.raises(RemoteDataError, match="at most"):
        decoder.decode(msgspec.msgpack.encode(tree))


def check_changed_frames(count: int, seed: int) -> None:
    """Check that changed frames are read or refused."""
    frames = encode_run(long_run(6, seed=seed))
    counts, findings = fuzz_decoder(frames, random.Random(seed), count)
    assert not findings, findings[0]
    assert min(counts.values()) > count // 50


def test_changed_frames_are_read_or_refused_in_little_memory():
    tracemalloc.start()
    try:
        check_changed_frames(300, seed=5)
        assert tracemalloc.get_traced_memory()[1] < LARGEST
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_many_changed_frames_are_read_or_refused(seed):
    check_changed_frames(3000, seed)


@pytest.mark.parametrize("depth", [100, 300, 500, 700, 900, 950, 990, 100_000])
def test_deep_nesting_is_read_or_refused(depth):
    tree = whole_tree()
    group = replace(fake.running().groups[0], schedule_record={"x": [0x5A5A5A5A]})
    whole = msgspec.msgpack.encode([group])
    nested = b"\x91" * depth + b"\xc0"
    tree["parts"]["groups"][0] = whole.replace(b"\x91\xce\x5a\x5a\x5a\x5a", nested)
    try:
        decoded = SnapshotDecoder().decode(msgspec.msgpack.encode(tree))
        assert list(decoded.groups[0].schedule_record) == ["x"]
    except RemoteDataError as error:
        assert "nested too deeply" in str(error)
