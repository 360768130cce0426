"""Every input of a data set reaches the model as the loader promises, at any position."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from tuitrain_core import functional as F
from tuitrain_core import random, tensor
from tuitrain_core.autodiff import GradManager
from tuitrain_core.compiler import ParameterUpdate, Recording
from tuitrain_core.data import DataLoader, Dataset
from tuitrain_core.data.transform import Transform
from tuitrain_core.losses import LOSSES
from tuitrain_core.module import Linear, Module
from tuitrain_core.optimizer import SGD, ParameterState

COUNT, BATCH = 11, 4
RNG = np.random.default_rng(5)
KINDS = {
    "bytes": RNG.integers(0, 256, (COUNT, 2, 3, 4), "u1"),
    "bytes of many channels": RNG.integers(0, 256, (COUNT, 24, 1, 1), "u1"),
    "float32": RNG.normal(size=(COUNT, 5)).astype("f4"),
    "float64": 300 * RNG.normal(size=(COUNT, 3)),
    "float16": RNG.normal(size=(COUNT, 3)).astype("f2"),
    "booleans": RNG.normal(size=(COUNT, 6)) > 0.3,
    "int8": RNG.integers(-9, 9, (COUNT, 4), "i1"),
    "int64": RNG.integers(0, 900, (COUNT, 4)),
    "uint16": RNG.integers(0, 900, (COUNT, 4), "u2"),
}
PAIRS = list(itertools.permutations(KINDS, 2))
TARGETS = RNG.normal(size=(COUNT, 1)).astype("f4")


def expected(samples: np.ndarray, mean: float = 0.0, std: float = 1.0) -> np.ndarray:
    """Return samples as a model should see them, in float64."""
    if samples.dtype == np.uint8:
        return (samples / 255 - mean) / std
    numbers = samples.astype("f8")
    return numbers if samples.dtype.kind in "iu" else (numbers - mean) / std


class Sums(Module):
    """One linear unit for each input."""

    def __init__(self, arrays):
        super().__init__()
        self.units = [Linear(array[0].size, 1, bias=False) for array in arrays]

    def forward(self, *inputs):
        rows = [F.flatten(x, 1).astype("float32") for x in inputs]
        first, *others = (unit(x) for unit, x in zip(self.units, rows, strict=True))
        return sum(others, first)


def burst_gradients(net: Module, recording: Recording, rows: np.ndarray) -> list[np.ndarray]:
    """Return the gradients of one step in a burst, whose batch native code fills."""
    program, source = recording.program()
    assert source.is_native
    rule, updates = SGD(net.parameters(), lr=0.1), []
    for parameter in net.parameters():
        call = rule.prepare_update(parameter.numpy(), ParameterState(step=1), rule.param_groups[0])
        updates.append(ParameterUpdate(parameter, call, np.array([call.scalars], np.float32)))
    program.run_burst(source, rows.astype(np.int64), len(rows), updates, 1)
    return gradients_of(net)


def gradients_of(net: Module) -> list[np.ndarray]:
    gradients = [parameter.grad.numpy().copy() for parameter in net.parameters()]
    for parameter in net.parameters():
        parameter.grad = None
    return gradients


@pytest.mark.parametrize("kinds", PAIRS, ids=" then ".join)
def test_a_batch_has_the_numbers_of_every_input(kinds):
    arrays = tuple(KINDS[kind] for kind in kinds)
    loader = DataLoader(Dataset((*arrays, arrays[1]), TARGETS, mean=0.25, std=2.0), BATCH, seed=1)
    for step in (0, 2, 4):
        rows = loader.batch_indices(step)
        memory = [np.zeros_like(x) for x in loader.batch(step)[0]]
        loader.fill(step, memory, np.zeros((len(rows), 1), "f4"))
        for inputs in (loader.batch(step)[0], loader.samples(rows)[0], memory):
            first, *others = inputs
            np.testing.assert_allclose(first, expected(arrays[0][rows], 0.25, 2.0), 1e-5, 1e-6)
            for other in others:
                np.testing.assert_allclose(other, expected(arrays[1][rows]), 1e-5, 1e-6)


class Halve(Transform):
    def apply(self, input):
        return (input / 2).astype(input.dtype)


@pytest.mark.parametrize("kinds", PAIRS, ids=" then ".join)
def test_a_transform_changes_the_first_input_alone(kinds):
    arrays = tuple(KINDS[kind] for kind in kinds)
    plain = Dataset(arrays, TARGETS)
    batches = [
        DataLoader(data, BATCH).batch(1)[0] for data in (plain, replace(plain, transform=Halve()))
    ]
    assert not np.array_equal(batches[0][0], batches[1][0])
    np.testing.assert_array_equal(batches[0][1], batches[1][1])


@pytest.mark.parametrize("kinds", PAIRS, ids=" then ".join)
def test_all_tiers_train_on_the_same_numbers(kinds):
    """One step of each tier against the gradient that NumPy computes from the arrays."""
    arrays = tuple(KINDS[kind] for kind in kinds)
    loader = DataLoader(Dataset(arrays, TARGETS), BATCH)
    with random.scope(random.make_generator(0)):
        net = Sums(arrays)
    start = [parameter.numpy().astype("f8") for parameter in net.parameters()]
    rows = loader.batch_indices(0)
    flat = [expected(array[rows]).reshape(BATCH, -1) for array in arrays]
    outputs = sum(x @ w.T for x, w in zip(flat, start, strict=True))
    slope = 2 * (outputs - TARGETS[rows]) / BATCH
    gradients = [slope.T @ x for x in flat]
    gm = GradManager().attach(net.parameters())
    recording = Recording(net, loader, loss=LOSSES["square_loss"])
    inputs, targets = loader.batch(0)
    recording.take(inputs, targets, gm)
    assert not recording.problem
    recorded = gradients_of(net)
    with gm:
        gm.backward(F.loss.square_loss(net(*map(tensor, inputs)), tensor(targets)))
    eager = gradients_of(net)
    for tier in (recorded, eager, burst_gradients(net, recording, rows)):
        for gradient, exact in zip(tier, gradients, strict=True):
            np.testing.assert_allclose(gradient, exact, rtol=1e-4, atol=1e-5 * abs(exact).max())
