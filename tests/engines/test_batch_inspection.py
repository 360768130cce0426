"""The embedded engine's samples, for data of each kind."""

from __future__ import annotations

import numpy as np
import pytest

from tuitrain.engines.batch_view import (
    SAMPLE_SELECTIONS,
    ClassTargets,
    InspectBatch,
    NumberTargets,
    Reconstructions,
)
from tuitrain.engines.embedded import EmbeddedEngine
from tuitrain.engines.factory import EngineSpec, GroupSpec
from tuitrain_core.data import Dataset
from tuitrain_core.losses import LOSSES
from tuitrain_core.module import Embedding, Linear, Module

DRAW = np.random.default_rng(0)


class NextToken(Module):
    def __init__(self):
        super().__init__()
        self.table, self.head = Embedding(9, 4), Linear(4, 9)

    def forward(self, x):
        return self.head(self.table(x))


class Sum(Module):
    """Two inputs, one number."""

    def __init__(self):
        super().__init__()
        self.left, self.right = Linear(3, 1), Linear(2, 1)

    def forward(self, left, right):
        return self.left(left) + self.right(right)


def make_engine(model, data, loss="square_loss"):
    plans = [GroupSpec("all", ("*",), "sgd", {"lr": 0.01})]
    return EmbeddedEngine(
        EngineSpec(model, data, data, plans, batch_size=8, loss=LOSSES[loss], metrics=())
    )


ROWS = DRAW.normal(size=(30, 3)).astype(np.float32)
TOKENS = DRAW.integers(0, 9, (30, 6))

CASES = {
    "several inputs": (Sum, Dataset((ROWS, ROWS[:, :2]), ROWS.sum(axis=1)), "square_loss"),
    "tokens": (NextToken, Dataset(TOKENS, TOKENS[:, ::-1].copy(), 9), "cross_entropy"),
    "no targets": (lambda: Linear(3, 3), Dataset(ROWS, mean=0.5, std=2.0), "square_loss"),
    "probabilities": (lambda: Linear(3, 2), Dataset(ROWS, ROWS[:, :2] > 0), "binary_cross_entropy"),
    "whole numbers as floats": (lambda: Linear(3, 1), Dataset(ROWS, TOKENS[:, :1]), "square_loss"),
}
KINDS = {
    "several inputs": NumberTargets,
    "tokens": ClassTargets,
    "no targets": Reconstructions,
    "probabilities": NumberTargets,
    "whole numbers as floats": NumberTargets,
}


@pytest.mark.parametrize("samples", SAMPLE_SELECTIONS)
@pytest.mark.parametrize("case", CASES)
def test_samples_of_each_kind_have_targets_of_the_kind(case, samples):
    model, data, loss = CASES[case]
    engine = make_engine(model, data, loss)
    engine.run(2, lambda: False)
    before = engine.digest()
    view = engine.inspect_batch(InspectBatch(samples))
    assert isinstance(view.targets, KINDS[case])
    assert engine.digest() == before
    if samples == "probe":
        assert len(view) == 30
        assert np.array_equal(view.inputs.values, data.input_arrays[0])
    if samples == "next":
        assert len(view) == 8


def test_the_outputs_are_those_of_the_model():
    model, data, loss = CASES["no targets"]
    engine = make_engine(model, data, loss)
    weight, bias = engine.parameters()["weight"], engine.parameters()["bias"]
    outputs = ((ROWS - 0.5) / 2) @ weight.T + bias
    errors = np.abs(outputs - (ROWS - 0.5) / 2).mean(axis=1)
    view = engine.inspect_batch(InspectBatch("mistakes"))
    assert isinstance(view.targets, Reconstructions)
    order = np.argsort(-errors)
    assert view.targets.errors == pytest.approx(errors[order], rel=1e-4)
    assert view.targets.outputs == pytest.approx(outputs[order] * 2 + 0.5, rel=1e-3, abs=1e-4)


def test_the_loss_decides_that_outputs_are_probabilities():
    model, data, loss = CASES["probabilities"]
    targets = make_engine(model, data, loss).inspect_batch(InspectBatch()).targets
    assert isinstance(targets, NumberTargets)
    assert ((targets.outputs > 0) & (targets.outputs < 1)).all()


def test_each_token_counts_in_the_confusions():
    model, data, loss = CASES["tokens"]
    targets = make_engine(model, data, loss).inspect_batch(InspectBatch()).targets
    assert isinstance(targets, ClassTargets)
    assert targets.labels.shape == targets.predictions.shape == (30, 6)
    assert targets.confusions.totals.sum() == 180
    assert targets.confusions.hits.sum() == np.count_nonzero(targets.labels == targets.predictions)


def test_the_network_view_has_shape_and_dtype_of_each_input():
    model, data, loss = CASES["several inputs"]
    inputs = make_engine(model, data, loss).inspect_network().inputs
    assert [(entry.shape, entry.dtype) for entry in inputs] == [
        ((3,), "float32"),
        ((2,), "float32"),
    ]
