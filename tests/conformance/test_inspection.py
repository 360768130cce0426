"""Inspections are correct and do not affect the training."""

import numpy as np
import pytest

from tests.conformance.probes import buffers, do, plant, train, whole
from tuitrain.engines.batch_view import NO_PREDICTION, SAMPLE_SELECTIONS, InspectBatch
from tuitrain.engines.capabilities import Capability
from tuitrain.engines.inspection import GradientFlow


def flows(engine) -> dict[str, GradientFlow]:
    """Return the gradient flow at each module, by its path."""
    rows = engine.inspect_network().rows
    return {item.path: item.flow for item in rows if item.kind == "module"}


@pytest.mark.needs(Capability.CONFUSION, Capability.NETWORK_TREE)
@pytest.mark.parametrize("samples", SAMPLE_SELECTIONS)
def test_an_inspection_changes_nothing(make_engine, samples):
    engine, alike = make_engine(), make_engine()
    for item in (engine, alike):
        train(item, 2)
    for _ in range(4):
        before = whole(engine), buffers(engine)
        engine.inspect_batch(InspectBatch(samples))
        engine.inspect_network()
        assert (whole(engine), buffers(engine)) == before
        assert train(engine, 3) == train(alike, 3)
    assert (whole(engine), buffers(engine)) == (whole(alike), buffers(alike))


@pytest.mark.needs(Capability.CONFUSION)
def test_the_confusions_agree_with_the_accuracy(engine):
    train(engine, 12)
    seen = engine.inspect_batch(InspectBatch())
    targets = seen.targets
    confusion = targets.confusions.matrix
    assert confusion.sum() == 30
    assert np.trace(confusion) / 30 == engine.evaluate()["accuracy"]
    assert (seen.step, targets.confusions.nan_count) == (12, 0)
    shown = list(zip(targets.labels, targets.predictions, strict=True))
    assert len(shown) == 30
    for label, guess in set(shown):
        assert confusion[label, guess] == shown.count((label, guess))


@pytest.mark.needs(Capability.CONFUSION)
def test_mistakes_are_sorted_by_confidence(engine):
    train(engine, 4)
    seen = engine.inspect_batch(InspectBatch("mistakes")).targets
    assert len(seen.labels) == 30 - np.trace(seen.confusions.matrix)
    assert (seen.labels != seen.predictions).all()
    assert (np.diff(seen.confidence) <= 0).all()


@pytest.mark.needs(Capability.CONFUSION)
def test_the_next_batch_is_that_of_the_next_step(engine):
    from tests.conformance.problem import TRAIN

    first, second = (engine.inspect_batch(InspectBatch("next")) for _ in range(2))
    assert np.array_equal(first.inputs.values, second.inputs.values)
    train(engine, 1)
    later = engine.inspect_batch(InspectBatch("next"))
    assert not np.array_equal(first.inputs.values, later.inputs.values)
    known = {image.tobytes(): label for image, label in zip(*TRAIN, strict=True)}
    for seen in (first, later):
        assert [
            known[item.tobytes()] for item in seen.inputs.values
        ] == seen.targets.labels.tolist()


@pytest.mark.needs(Capability.CONFUSION)
def test_an_output_with_nan_is_no_prediction(engine):
    plant(engine, head__bias=np.float32(np.nan))
    seen = engine.inspect_batch(InspectBatch()).targets
    assert set(seen.predictions) == {NO_PREDICTION}
    assert (seen.confusions.nan_count, seen.confusions.matrix.sum()) == (30, 0)


@pytest.mark.needs(Capability.NETWORK_TREE)
def test_the_gradient_flows_to_the_lowest_trained_layer(engine):
    assert flows(engine)["conv"] is GradientFlow.ENDS
    assert {flows(engine)[item] for item in ("norm", "fc", "head")} == {GradientFlow.PASSES}
    do(engine, "freeze conv.*")
    assert (flows(engine)["conv"], flows(engine)["norm"]) == (GradientFlow.NONE, GradientFlow.CUT)
    do(engine, "freeze *")
    assert set(flows(engine).values()) == {GradientFlow.NONE}
    do(engine, "thaw fc.bias")
    assert [flows(engine)[item] for item in ("norm", "fc", "head")] == [
        GradientFlow.NONE,
        GradientFlow.CUT,
        GradientFlow.PASSES,
    ]


@pytest.mark.needs(Capability.NETWORK_TREE)
def test_gradient_norms_are_given_only_where_gradients_exist(engine):
    assert engine.inspect_network().grad_norms == {}
    do(engine, "freeze conv")
    train(engine, 1)
    norms = engine.inspect_network().grad_norms
    assert set(norms) == {"fc.weight", "fc.bias", "head.weight", "head.bias"}
    gradient = engine.gradient("fc.weight")
    assert gradient is not None
    assert norms["fc.weight"] == pytest.approx(np.linalg.norm(gradient), rel=1e-5)
