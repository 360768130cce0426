"""Snapshots that follow one another are sent as differences, and arrive equal."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.remote.snapshots.equality import assert_equal
from tests.remote.snapshots.generated_run import ACTIONS, GeneratedRun, long_run, perform
from tuitrain.remote.snapshots import SharedParts, SnapshotDecoder, SnapshotEncoder

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
        assert all(other is first for other in others)
