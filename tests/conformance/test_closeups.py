"""Close looks: true, and without any effect on the training."""

import numpy as np
import pytest

from tests.conformance.probes import buffers, do, plant, train, whole
from tuitrain.engines.closeups import SAMPLES, UNSURE, Flow, SeeBatch


def flows(engine) -> dict[str, Flow]:
    """Return where the gradient goes at each module, by its path."""
    rows = engine.network().rows
    return {each.path: each.flow for each in rows if each.kind == "module"}


@pytest.mark.parametrize("samples", SAMPLES)
def test_looking_changes_nothing(make_engine, samples):
    engine, alike = make_engine(), make_engine()
    for each in (engine, alike):
        train(each, 2)
    for _ in range(4):
        before = whole(engine), buffers(engine)
        engine.examine(SeeBatch(samples))
        engine.network()
        assert (whole(engine), buffers(engine)) == before
        assert train(engine, 3) == train(alike, 3)
    assert (whole(engine), buffers(engine)) == (whole(alike), buffers(alike))


def test_the_confusions_are_those_of_the_accuracy(engine):
    train(engine, 12)
    seen = engine.examine(SeeBatch())
    assert seen.confusion.sum() == 30
    assert np.trace(seen.confusion) / 30 == engine.evaluate()
    assert (seen.step, seen.unsure) == (12, 0)
    shown = list(zip(seen.labels, seen.guesses, strict=True))
    assert len(shown) == 30
    for label, guess in set(shown):
        assert seen.confusion[label, guess] == shown.count((label, guess))


def test_mistakes_are_the_wrong_ones_the_surest_first(engine):
    train(engine, 4)
    seen = engine.examine(SeeBatch("mistakes"))
    assert len(seen.labels) == 30 - np.trace(seen.confusion)
    assert (seen.labels != seen.guesses).all()
    assert (np.diff(seen.confidence) <= 0).all()


def test_the_next_batch_is_the_one_that_the_step_learns_from(engine):
    from tests.conformance.problem import TRAIN

    first, second = (engine.examine(SeeBatch("next")) for _ in range(2))
    assert np.array_equal(first.inputs, second.inputs)
    train(engine, 1)
    later = engine.examine(SeeBatch("next"))
    assert not np.array_equal(first.inputs, later.inputs)
    known = {image.tobytes(): label for image, label in zip(*TRAIN, strict=True)}
    for seen in (first, later):
        assert [known[each.tobytes()] for each in seen.inputs] == seen.labels.tolist()


def test_what_is_not_a_number_is_no_guess(engine):
    plant(engine, head__bias=np.float32(np.nan))
    seen = engine.examine(SeeBatch())
    assert set(seen.guesses) == {UNSURE}
    assert (seen.unsure, seen.confusion.sum()) == (30, 0)


def test_the_gradient_flows_to_the_lowest_layer_that_learns(engine):
    assert flows(engine)["conv"] is Flow.ENDS
    assert {flows(engine)[each] for each in ("norm", "fc", "head")} == {Flow.PASSES}
    do(engine, "freeze conv.*")
    assert (flows(engine)["conv"], flows(engine)["norm"]) == (Flow.NONE, Flow.CUT)
    do(engine, "freeze *")
    assert set(flows(engine).values()) == {Flow.NONE}
    do(engine, "thaw fc.bias")
    assert [flows(engine)[each] for each in ("norm", "fc", "head")] == [
        Flow.NONE,
        Flow.CUT,
        Flow.PASSES,
    ]


def test_gradients_are_told_of_those_that_have_one(engine):
    assert engine.network().grad_norms == {}
    do(engine, "freeze conv")
    train(engine, 1)
    norms = engine.network().grad_norms
    assert set(norms) == {"fc.weight", "fc.bias", "head.weight", "head.bias"}
    gradient = engine.gradient("fc.weight")
    assert gradient is not None
    assert norms["fc.weight"] == pytest.approx(np.linalg.norm(gradient), rel=1e-5)
