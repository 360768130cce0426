"""Every kind of content of a snapshot is the same on the other side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from tests import hostile
from tests.app import fake, fake_samples
from tests.app.fake_inspection import batch_view, network_view, weights_view
from tests.app.fake_step_batches import STEP_BATCHES
from tests.remote.snapshots.equality import assert_equal
from tuitrain.engines.inspection import (
    FailedInspection,
    InspectBatch,
    InspectNetwork,
    InspectWeights,
)
from tuitrain.remote.snapshots.decoder import SnapshotDecoder
from tuitrain.remote.snapshots.encoder import SnapshotEncoder
from tuitrain.remote.snapshots.errors import RemoteDataError
from tuitrain.remote.snapshots.requests import decode_request, encode_request
from tuitrain.run.batches import Batches
from tuitrain.run.snapshot import GroupHistory, LogLine, LogSnapshot, Series, Snapshot

REQUESTS = (InspectWeights("fc1.weight"), InspectNetwork(), InspectBatch("mistakes"))


def through_bytes(snapshot: Snapshot) -> Snapshot:
    """Encode and decode a snapshot, and check that the result is equal."""
    decoded = SnapshotDecoder().decode(SnapshotEncoder().encode(snapshot))
    assert_equal(decoded, snapshot)
    return decoded


@pytest.mark.parametrize(
    "make", [fake.starting, fake.running, fake.branched, fake.tried, fake.watchful]
)
def test_states_of_a_run(make):
    through_bytes(make())


def test_answers_and_sweeps():
    through_bytes(fake.answered("lr fc x10"))
    tried = fake.tried()
    assert tried.lr_sweep is not None
    sweep = replace(tried.lr_sweep, lr=float("nan"), batches=Batches(128, 60_000, 469))
    through_bytes(replace(tried, lr_sweep=sweep))


def test_a_selected_parameter():
    source = fake.FakeSource()
    source.select_parameter("conv1.weight")
    decoded = through_bytes(source.shown)
    assert decoded.parameter is not None
    assert decoded.parameter.grad is not None


def test_weights_and_network():
    groups = fake.running().groups
    for view in (
        weights_view("conv1.weight", (6, 1, 5, 5), "conv", 300),
        weights_view("fc1.weight", (120, 400), "fc", 300, since=12),
        network_view(groups, 300),
    ):
        through_bytes(fake.running(inspection=view))


@pytest.mark.parametrize("kind", fake_samples.KINDS)
def test_samples_of_each_kind(kind):
    view = fake_samples.KINDS[kind](InspectBatch("mistakes"), 12)
    through_bytes(fake.running(inspection=view))


@pytest.mark.parametrize("kind", STEP_BATCHES)
def test_the_batch_of_a_script(kind):
    through_bytes(fake.running(inspection=STEP_BATCHES[kind](InspectBatch(), 12)))


def test_image_samples():
    through_bytes(fake.running(inspection=batch_view(InspectBatch("next"), 3)))


@pytest.mark.parametrize("request_", REQUESTS)
def test_failed_inspections_and_requests(request_):
    through_bytes(fake.running(inspection=FailedInspection(request_, 7, "it raised")))
    message = msgspec.msgpack.encode({"inspect": encode_request(request_)})
    assert decode_request(msgspec.msgpack.decode(message)["inspect"]) == request_


def test_no_request():
    assert encode_request(None) is None
    assert decode_request(None) is None


@pytest.mark.parametrize("wrong", [5, "weights", [], ["InspectWeights"], {}, object(), [1, {}]])
def test_values_that_are_no_requests(wrong):
    with pytest.raises(RemoteDataError, match=r"request|cannot be sent"):
        decode_request(wrong)


@pytest.mark.parametrize(
    "dtype", ["?", "i1", "u1", "<i2", ">i4", "<u8", "<f2", ">f8", "f4", "c8", "c16"]
)
def test_arrays_of_numbers_keep_their_dtype(dtype):
    values = np.arange(12).reshape(3, 4).astype(dtype)
    view = fake_samples.KINDS["features"](InspectBatch(), 1)
    for array in (values, values.T, values[::2], values[:0], values[0, 0]):
        inputs = replace(view.inputs, values=np.asarray(array))
        through_bytes(fake.running(inspection=replace(view, inputs=inputs)))


@pytest.mark.parametrize("array", [np.array([object()]), np.array(["x"]), np.array(["2020"], "M8")])
def test_arrays_of_other_things_are_not_sent(array):
    view = fake_samples.KINDS["features"](InspectBatch(), 1)
    inputs = replace(view.inputs, values=array)
    with pytest.raises(RemoteDataError, match="cannot be sent"):
        SnapshotEncoder().encode(fake.running(inspection=replace(view, inputs=inputs)))


def test_the_bits_of_nan_are_kept():
    bits = np.array(
        [0x7FF8_0000_0000_0001, 0xFFF0_0000_0000_0123, 0x7FF0_0000_0000_0000], np.uint64
    )
    series = Series(np.arange(1, 4), bits.view(np.float64))
    history = GroupHistory("conv", series, series, Series())
    odd = float(bits.view(np.float64)[0])
    through_bytes(fake.running(loss=series, histories=(history,), eta=odd, overhead=-odd))


def test_histories_without_points():
    empty = (GroupHistory("conv"), GroupHistory("fc"))
    encoder, decoder = SnapshotEncoder(), SnapshotDecoder()
    for version, histories in enumerate(((), empty, empty[:1], fake.running().histories, empty)):
        shown = fake.running(version=version, histories=histories)
        assert_equal(decoder.decode(encoder.encode(shown)), shown)


@pytest.mark.parametrize("text", [text for text in hostile.TEXTS if "\udcff" not in text])
def test_hostile_texts(text):
    log = LogSnapshot((LogLine(1, text, text),), 1, text, text)
    through_bytes(fake.running(log=log, note=text, branch=text, metrics={text: Series()}))


def test_a_text_that_utf8_cannot_hold_arrives_as_it_is_shown():
    encoded = SnapshotEncoder().encode(fake.running(note="a\udcff"))
    assert SnapshotDecoder().decode(encoded).note == "a\\udcff"


def test_numbers_of_numpy_arrive_as_python_numbers():
    numbers: dict[str, Any] = {"step": np.int64(4), "eta": np.float32(2.5)}
    decoded = through_bytes(fake.running(**numbers))
    assert type(decoded.step) is int
    assert type(decoded.eta) is float


def test_a_number_of_more_than_64_bits_is_not_sent():
    with pytest.raises(RemoteDataError, match="cannot be sent"):
        SnapshotEncoder().encode(fake.running(fork=2**64))
