"""Snapshots that follow one another are sent as differences, and arrive equal."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.app.fake_inspection import weights_view
from tests.remote.snapshots.equality import assert_equal
from tests.remote.snapshots.generated_run import ACTIONS, GeneratedRun, long_run, perform
from tuitrain.engines.inspection import FailedInspection, InspectWeights
from tuitrain.remote.snapshots import SharedParts, SnapshotDecoder, SnapshotEncoder
from tuitrain.remote.snapshots.part import Part
from tuitrain.remote.snapshots.parts import PARTS

FRAMES = st.lists(
    st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 40)), max_size=4),
    min_size=2,
    max_size=12,
)


def check_frames(frames: list[list[tuple[str, int]]]) -> None:
    """Check that every snapshot of a run arrives equal, and is not changed by later ones."""
    run, encoder, decoder = GeneratedRun(), SnapshotEncoder(), SnapshotDecoder()
    pairs = []
    for actions in frames:
        shown = perform(run, actions)
        decoded = decoder.decode(encoder.encode(shown))
        assert_equal(decoded, shown)
        pairs.append((decoded, shown))
    for decoded, shown in pairs:
        assert_equal(decoded, shown)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(FRAMES)
def test_every_snapshot_arrives_equal(frames):
    check_frames(frames)


@pytest.mark.slow
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(FRAMES)
def test_every_snapshot_of_many_runs_arrives_equal(frames):
    check_frames(frames)


def test_viewers_that_miss_snapshots_share_what_is_encoded():
    shared = SharedParts()
    viewers = [(SnapshotEncoder(shared), SnapshotDecoder()) for _ in range(4)]
    for number, shown in enumerate(long_run(60, seed=3)):
        for place, (encoder, decoder) in enumerate(viewers):
            if number % (place + 1):
                continue
            if number % 17 == 16:
                encoder.reset()
            assert_equal(decoder.decode(encoder.encode(shown)), shown)


def test_viewers_at_one_snapshot_get_the_same_bytes():
    shared = SharedParts()
    encoders = [SnapshotEncoder(shared) for _ in range(10)]
    for shown in long_run(20, seed=4):
        first, *others = [encoder.encode(shown) for encoder in encoders]
        assert all(other == first for other in others)


class CountingPart:
    """A part that counts how often it is prepared and encoded."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self.counts = Counter[str]()

    def __getattr__(self, name: str) -> Any:
        self.counts[name] += 1
        return getattr(self._part, name)


def test_what_viewers_have_in_common_is_encoded_once(monkeypatch):
    parts = {name: CountingPart(part) for name, part in PARTS.items()}
    for name, part in parts.items():
        monkeypatch.setitem(PARTS, name, part)
    shared = SharedParts()
    viewers = [(SnapshotEncoder(shared), SnapshotDecoder()) for _ in range(10)]
    requests = [InspectWeights(f"layer {number}") for number in range(10)]
    frames = long_run(30, seed=6)
    for shown in frames:
        for (encoder, decoder), request in zip(viewers, requests, strict=True):
            own = replace(shown, inspection=FailedInspection(request, 1, "no"))
            assert_equal(decoder.decode(encoder.encode(own)), own)
    for name, part in parts.items():
        limit = len(frames) * (10 if name == "inspection" else 1)
        assert part.counts["prepare"] <= limit
        assert part.counts["difference"] <= limit


def test_what_only_one_viewer_has_is_sent_to_it_once():
    shared = SharedParts()
    encoders = [SnapshotEncoder(shared) for _ in range(3)]
    views = [weights_view(f"layer {n}", (6, 1, 5, 5), "conv", 300) for n in range(3)]
    run = GeneratedRun()
    for number in range(5):
        shown = run.snapshot()
        for encoder, view in zip(encoders, views, strict=True):
            frame = encoder.encode(replace(shown, inspection=view))
            assert number == 0 or len(frame) < 500
