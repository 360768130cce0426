"""A long run costs little: a frame has what is new, and neither side copies curves."""

from __future__ import annotations

import tracemalloc
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest

from tests.app import fake
from tests.remote.snapshots.equality import assert_equal
from tests.remote.snapshots.generated_rates import odd_rates
from tests.remote.snapshots.generated_run import GeneratedRun
from tuitrain.remote.snapshots import SharedParts, SnapshotDecoder, SnapshotEncoder
from tuitrain.remote.snapshots.curves.received_curve import MAX_SHOWN
from tuitrain.remote.snapshots.parts import PARTS
from tuitrain.run.history.curve import Curve
from tuitrain.run.snapshot import LogLine, LogSnapshot, Series, Snapshot

POINTS = 200_000
STEP = 500


def frames_of(curve: Curve, count: int):
    """Yield snapshots of a run that takes steps."""
    for version in range(count):
        curve.extend(len(curve) + 1, [0.5] * STEP)
        yield fake.running(version=version, loss=curve.series())


def test_each_field_of_a_snapshot_is_in_one_part():
    covered = [name for part in PARTS.values() for name in part.fields]
    assert sorted(covered) == sorted(field.name for field in fields(Snapshot))


def test_a_frame_has_only_the_new_points():
    encoder, curve = SnapshotEncoder(), Curve()
    curve.extend(1, [0.5] * POINTS)
    whole, *later = (len(encoder.encode(shown)) for shown in frames_of(curve, 30))
    assert whole > 8 * POINTS
    assert max(later) < 8 * STEP + 1000  # the steps are a range


def test_received_curves_are_views_of_one_buffer():
    encoder, decoder, curve = SnapshotEncoder(), SnapshotDecoder(), Curve()
    shown = [decoder.decode(encoder.encode(frame)) for frame in frames_of(curve, 64)]
    values = [snapshot.loss.values for snapshot in shown]
    copies = sum(not np.shares_memory(first, second) for first, second in pairwise(values))
    assert copies <= 7  # the buffer doubles
    assert [len(array) for array in values] == [STEP * (number + 1) for number in range(64)]


def test_the_memory_of_a_screen_is_bounded():
    encoder, decoder, curve = SnapshotEncoder(), SnapshotDecoder(thins_curves=True), Curve()
    frames = [encoder.encode(shown) for shown in frames_of(curve, POINTS // STEP)]
    held: list[int] = []
    tracemalloc.start()
    try:
        for frame in frames:
            last = decoder.decode(frame)
            held.append(tracemalloc.get_traced_memory()[0])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert last.loss.counts.sum() == POINTS
    assert len(last.loss) <= MAX_SHOWN
    assert max(held) < 2 * 5 * 8 * MAX_SHOWN  # five numbers each, in buffers that double
    assert peak < 4 * 5 * 8 * MAX_SHOWN


def test_the_memory_of_a_program_is_that_of_the_curves():
    encoder, decoder, curve = SnapshotEncoder(), SnapshotDecoder(), Curve()
    frames = [encoder.encode(shown) for shown in frames_of(curve, POINTS // STEP)]
    tracemalloc.start()
    try:
        for frame in frames[:-1]:
            decoder.decode(frame)
        last = decoder.decode(frames[-1])
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(last.loss) == POINTS
    assert held < 3 * 16 * POINTS
    assert peak < 5 * 16 * POINTS


def test_going_back_does_not_send_curves_again():
    run, encoder, decoder = GeneratedRun(), SnapshotEncoder(), SnapshotDecoder()
    for _ in range(50):
        run.take_steps(1000)
    decoder.decode(encoder.encode(run.snapshot()))
    run.go_back(20)
    run.take_steps(10)
    shown = run.snapshot()
    frame = encoder.encode(shown)
    assert_equal(decoder.decode(frame), shown)
    assert len(frame) < 5000
    run.switch(0)
    shown = run.snapshot()
    frame = encoder.encode(shown)
    assert_equal(decoder.decode(frame), shown)
    assert len(frame) < 5000


@pytest.mark.slow
def test_a_frame_of_many_groups_is_small_after_many_steps():
    run, encoder, decoder = GeneratedRun(), SnapshotEncoder(), SnapshotDecoder()
    for _ in range(8):
        run.regroup(1)
    for number in range(4):  # schedules of four groups
        run.change_rate(number)
    sizes: list[int] = []
    for frame in range(1400):
        run.take_steps(10)
        if frame % 400 == 1:
            run.change_rate(frame)
        shown = run.snapshot()
        content = encoder.encode(shown)
        decoded = decoder.decode(content)
        if frame % 100 == 0:
            assert_equal(decoded, shown)
        sizes.append(len(content))
    assert len(shown.groups) == 10
    assert shown.step > 10_000
    assert max(sizes[1000:]) < 12_000  # also where points of schedules or of metrics are dropped
    assert sum(sizes[1000:]) < 400 * 2000


@pytest.mark.slow
def test_a_frame_of_a_thousand_groups_has_only_their_numbers():
    run, encoder, decoder = GeneratedRun(), SnapshotEncoder(), SnapshotDecoder()
    for _ in range(998):
        run.regroup(1)
    for _ in range(20):
        run.take_steps(100)
        shown = run.snapshot()
        content = encoder.encode(shown)
        assert_equal(decoder.decode(content), shown)
    numbers = 3 * len(shown.groups) + sum(len(group.parameters) for group in shown.groups)
    assert len(content) < 16 * numbers + 40 * len(shown.groups)


def test_each_rate_that_a_loop_sets_is_sent_once():
    run, encoder, decoder = GeneratedRun(), SnapshotEncoder(), SnapshotDecoder()
    sizes: list[int] = []
    for number in range(500):
        run.take_steps(1)
        run.change_rate(6 * number + 5)
        shown = run.snapshot()
        content = encoder.encode(shown)
        assert_equal(decoder.decode(content), shown)
        sizes.append(len(content))
    assert max(sizes[100:]) < 1000


def test_rates_that_do_not_follow_from_their_spans():
    encoder, decoder = SnapshotEncoder(), SnapshotDecoder()
    for version, step in enumerate((5, 6, 6, 900, 1000, 3)):
        shown = fake.running(version=version, histories=odd_rates(step))
        assert_equal(decoder.decode(encoder.encode(shown)), shown)


def test_series_in_new_memory_are_compared():
    encoder, decoder = SnapshotEncoder(), SnapshotDecoder()
    values = np.random.default_rng(0).normal(size=5000)
    for version, length in enumerate((4000, 4500, 4500, 3000, 5000)):
        loss = Series(np.arange(1, length + 1), values[:length].copy())
        shown = fake.running(version=version, loss=loss)
        frame = encoder.encode(shown)
        assert_equal(decoder.decode(frame), shown)
        assert version == 0 or len(frame) < 16 * 2000 + 1000


def test_a_view_of_other_values_of_one_buffer_is_no_continuation():
    encoder, decoder = SnapshotEncoder(), SnapshotDecoder()
    steps, values = np.arange(100), np.arange(100) / 7
    steps.flags.writeable = values.flags.writeable = False
    views = (
        Series(steps[:10], values[:10]),
        Series(steps[10:30], values[10:30]),
        Series(steps[:10], values[20:30]),
        Series(steps[:20], values[:40:2]),
        Series(steps[:20], values[:20]),
    )
    for version, loss in enumerate(views):
        shown = fake.running(version=version, loss=loss)
        assert_equal(decoder.decode(encoder.encode(shown)), shown)


def test_the_log_sends_new_lines_and_loses_old_ones():
    encoder, decoder = SnapshotEncoder(), SnapshotDecoder()
    lines = tuple(LogLine(step, "out", f"a line of text {step}") for step in range(9000))
    for version, total in enumerate((10, 4990, 5100, 5101, 9000)):
        log = LogSnapshot(lines[max(0, total - 5000) : total], total, "log.txt")
        shown = fake.running(version=version, log=log)
        frame = encoder.encode(shown)
        assert_equal(decoder.decode(frame), shown)
        assert total != 5101 or len(frame) < 1000


def test_what_has_not_changed_is_the_same_object():
    encoder, decoder = SnapshotEncoder(), SnapshotDecoder()
    shown = fake.branched()
    first = decoder.decode(encoder.encode(shown))
    second = decoder.decode(encoder.encode(replace(shown, version=2, step=9)))
    same = {field.name for field in fields(Snapshot)} - {"version", "step"}
    assert {name for name in same if getattr(first, name) is not getattr(second, name)} == set()


def test_a_viewer_that_fell_behind_gets_what_it_missed():
    shared = SharedParts()
    quick, slow, decoder = SnapshotEncoder(shared), SnapshotEncoder(shared), SnapshotDecoder()
    curve = Curve()
    for number, shown in enumerate(frames_of(curve, 50)):
        quick.encode(shown)
        if number % 10 == 0:
            frame = slow.encode(shown)
            assert_equal(decoder.decode(frame), shown)
            assert number == 0 or len(frame) < 10 * 16 * STEP + 1000
