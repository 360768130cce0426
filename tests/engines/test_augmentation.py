"""Training on transformed samples: steps are still recorded, and every run can be repeated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tuitrain.commands import parse
from tuitrain.engines.embedded import EmbeddedEngine
from tuitrain.engines.factory import EngineSpec, GroupSpec
from tuitrain.engines.inspection import InspectBatch
from tuitrain.engines.pending_step import HoldCondition
from tuitrain.records.provenance import compute_provenance
from tuitrain_core.data import Dataset
from tuitrain_core.data.transform import (
    Compose,
    RandomCrop,
    RandomHorizontalFlip,
    Transform,
)
from tuitrain_core.errors import CoreError
from tuitrain_core.models import CNN

AUGMENT = Compose([RandomCrop(8, padding_size=1), RandomHorizontalFlip()])
RNG = np.random.default_rng(0)
TRAIN = Dataset(RNG.integers(0, 256, (50, 2, 8, 8), "u1"), RNG.integers(0, 4, 50), 4)
TEST = Dataset(RNG.integers(0, 256, (20, 2, 8, 8), "u1"), RNG.integers(0, 4, 20), 4)


class Keep(Transform):
    def apply(self, input):
        return input


def make_engine(transform=None, test=TEST):
    plans = [GroupSpec("all", ("*",), "sgd", {"lr": 0.05, "momentum": 0.9})]
    train = replace(TRAIN, transform=transform)
    return EmbeddedEngine(EngineSpec(lambda: CNN(2, 4), train, test, plans, batch_size=8))


def test_a_transform_that_changes_nothing_leaves_the_bits():
    plain, kept = make_engine(), make_engine(Keep())
    assert kept.fallback_reason == ""
    assert plain.stepper.is_native
    assert not kept.stepper.is_native
    losses = [list(engine.run(17, lambda: False)) for engine in (plain, kept)]
    assert losses[0] == losses[1]
    assert plain.digest() == kept.digest()


def test_a_run_continues_from_any_step_with_the_same_samples():
    engine = make_engine(AUGMENT)
    engine.warm_up()
    engine.run(9, lambda: False)
    state = engine.state()
    losses = list(engine.run(8, lambda: False))
    digest = engine.digest()
    for other in (engine, make_engine(AUGMENT)):
        other.load_state(state)
        assert list(other.run(8, lambda: False)) == losses
        assert other.digest() == digest
    plain = make_engine()
    plain.load_state(state)
    assert list(plain.run(8, lambda: False)) != losses


def test_a_step_can_be_held_and_previewed():
    engine, straight = make_engine(AUGMENT), make_engine(AUGMENT)
    straight.run(6, lambda: False)
    engine.preview(parse("lr all 0.5"))
    condition = HoldCondition(non_finite=True)
    taken = list(engine.run(6, lambda: False, lambda step: step.loss > 1e9, condition))
    assert len(taken) == 6
    assert engine.run(1, lambda: False, lambda step: True) == []
    engine.count_dead_units()
    assert engine.digest() == straight.digest()


def test_metrics_and_views_show_the_samples_as_they_are():
    plain, engine = make_engine(), make_engine(AUGMENT, replace(TEST, transform=AUGMENT))
    assert engine.evaluate() == plain.evaluate()
    views = [item.inspect_batch(InspectBatch("next")) for item in (plain, engine)]
    np.testing.assert_array_equal(views[0].inputs.values, views[1].inputs.values)
    np.testing.assert_array_equal(views[0].targets.confidence, views[1].targets.confidence)


def test_an_error_in_a_transform_leaves_the_state_before_the_step():
    class Failing(Transform):
        broken = False

        def apply(self, input):
            if self.broken:
                raise CoreError("no such file")
            return input

    transform = Failing()
    engine = make_engine(transform)
    engine.run(3, lambda: False)
    digest = engine.digest()
    transform.broken = True
    with pytest.raises(CoreError, match="no such file"):
        engine.run(1, lambda: False)
    assert (engine.step, engine.digest()) == (3, digest)


def test_a_record_names_the_transform():
    plain = compute_provenance(TRAIN, TEST, [])
    changed = compute_provenance(replace(TRAIN, transform=AUGMENT), TEST, [])
    assert changed.keys() - plain.keys() == {"training transform"}
    assert "RandomHorizontalFlip(prob=0.5)" in changed["training transform"]


def test_a_record_has_no_addresses_of_functions():
    class Own(Keep):
        def __init__(self):
            self.function = test_a_record_names_the_transform

    provenance = compute_provenance(replace(TRAIN, transform=Own()), TEST, [])
    assert provenance["training transform"] == (
        "Own(function=<function test_a_record_names_the_transform>)"
    )
