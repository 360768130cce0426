"""A burst has the bits of its steps taken one by one; its last step leaves its gradients."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from tuitrain_core import Parameter, random
from tuitrain_core import functional as F
from tuitrain_core.compiler import BatchSource, ParameterUpdate, Program, trace
from tuitrain_core.data import DataLoader, Dataset
from tuitrain_core.data.transform import RandomHorizontalFlip
from tuitrain_core.errors import CoreError
from tuitrain_core.module import (
    Conv2d,
    Dropout,
    Flatten,
    LayerNorm,
    Linear,
    Module,
    ReLU,
    Sequential,
)
from tuitrain_core.optimizer import OPTIMIZERS, ParameterState
from tuitrain_core.tensor import Tensor

STEPS = 5


class Tied(Module):
    """A square matrix that is used twice, so that its gradient is a sum of two."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = Parameter(np.eye(48, dtype=np.float32))
        self.last = Linear(48, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = x.reshape(x.shape[0], -1)
        return self.last(F.nn.linear(F.relu(F.nn.linear(x, self.weight)), self.weight))


def matrices() -> Module:
    """Matrices of several blocks, the last of them incomplete."""
    return Sequential(Flatten(), Linear(48, 200), ReLU(), Linear(200, 61), ReLU(), Linear(61, 10))


def mixed() -> Module:
    """Matrices behind a convolution, a norm and a dropout, without biases and ReLU."""
    return Sequential(
        Conv2d(1, 3, 3),
        Flatten(),
        Linear(72, 33, bias=False),
        LayerNorm(33),
        Dropout(0.2),
        Linear(33, 10),
    )


class Trained:
    """A network, its program, and its updates by an optimizer."""

    def __init__(self, make, rule: str, batch: int = 9) -> None:
        self.batch = batch
        self.generator = random.make_generator(5)
        with random.scope(random.make_generator(3)):
            self.net = make()
        draw = np.random.default_rng(1)
        pixels = draw.integers(0, 256, (60, 1, 6, 8), dtype=np.uint8)
        loader = DataLoader(Dataset(pixels, draw.integers(0, 10, 60)), batch)
        images, labels = DataLoader(loader.dataset, 2).batch(0)

        def loss(x: Tensor, y: Tensor) -> Tensor:
            return F.cross_entropy(self.net(x), y)

        self.graph = trace(loss, images, labels)
        self.program = Program(self.graph, batch)
        self.feed = BatchSource(loader, self.graph)
        self.parameters = list(self.net.parameters())
        self.optimizer = OPTIMIZERS[rule](self.parameters, lr=0.01)
        self.order = draw.integers(0, 60, 2 * batch * STEPS).astype(np.int64)
        self.slots = {parameter: ParameterState() for parameter in self.parameters}

    def updates(self, first: int, count: int) -> list[ParameterUpdate]:
        updates = []
        for parameter in self.parameters:
            state, scalars = self.slots[parameter], []
            for step in range(first, first + count):
                state.step = step + 1
                update = self.optimizer.prepare_update(
                    parameter.numpy(), state, self.optimizer.param_groups[0]
                )
                scalars.append(update.scalars)
            updates.append(ParameterUpdate(parameter, update, np.array(scalars, np.float32)))
        return updates

    def take(self, first: int, count: int, threads: int = 1) -> np.ndarray:
        order = self.order[first * self.batch : (first + count) * self.batch]
        updates = self.updates(first, count)
        with random.scope(self.generator):
            return self.program.run_burst(self.feed, order, self.batch, updates, threads)

    def results(self) -> list[np.ndarray]:
        slots = [state.slots[name] for state in self.slots.values() for name in state.slots]
        statistics = [self.program.statistics(p) for p in self.parameters]
        return [
            *[p.numpy() for p in self.parameters],
            *[p.grad.numpy() for p in self.parameters],
            *slots,
            np.array([(m.update_norm, m.weight_norm, m.grad_norm) for m in statistics]),
        ]


def assert_same_results(one: Trained, other: Trained) -> None:
    for array, expected in zip(one.results(), other.results(), strict=True):
        np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("rule", OPTIMIZERS)
@pytest.mark.parametrize("make", [matrices, Tied, mixed])
@pytest.mark.parametrize("batch", [1, 9])
@pytest.mark.slow
def test_a_burst_has_the_bits_of_its_steps_one_by_one(
    make, rule: str, threads: int, batch: int
) -> None:
    together, alone = Trained(make, rule, batch), Trained(make, rule, batch)
    losses = together.take(0, STEPS, threads)
    np.testing.assert_array_equal(losses, [alone.take(step, 1)[0] for step in range(STEPS)])
    assert_same_results(together, alone)


@pytest.mark.parametrize("steps", [2, 3])
def test_a_short_burst_of_single_samples_has_the_bits_of_its_steps_one_by_one(steps: int) -> None:
    together, alone = Trained(matrices, "adam", 1), Trained(matrices, "adam", 1)
    for first in (0, steps):
        losses = together.take(first, steps)
        np.testing.assert_array_equal(losses, [alone.take(first + i, 1)[0] for i in range(steps)])
    assert_same_results(together, alone)


@pytest.mark.parametrize("frozen", [slice(0, 2), slice(2, 4), slice(4, 6), slice(0, 5)])
def test_single_samples_train_the_parameters_that_are_not_frozen(frozen: slice) -> None:
    together, alone = Trained(matrices, "adam", 1), Trained(matrices, "adam", 1)
    for trained in (together, alone):
        del trained.parameters[frozen]
    together.take(0, STEPS)
    for step in range(STEPS):
        alone.take(step, 1)
    assert_same_results(together, alone)


ATTEMPTS = 20
"""Bursts of which one is interrupted, however seldom the other thread has its turn."""


def take_interrupted(trained: Trained, count: int) -> int:
    """Take a burst that another thread interrupts, and return the number of its steps."""
    over = threading.Event()

    def interrupt() -> None:
        while not over.is_set():
            trained.program.interrupt()

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    taken = len(trained.take(0, count))
    over.set()
    interrupter.join()
    return taken


@pytest.mark.parametrize("batch", [1, pytest.param(9, marks=pytest.mark.slow)])
def test_an_interrupted_burst_leaves_the_gradients_of_its_last_step(batch: int) -> None:
    alone = Trained(matrices, "sgd", batch)
    alone.order = np.tile(alone.order, 2000)
    count = len(alone.order) // batch
    for _ in range(ATTEMPTS):
        ended = Trained(matrices, "sgd", batch)
        ended.order = alone.order
        taken = take_interrupted(ended, count)
        if taken < count:
            break
    assert taken < count
    for step in range(taken):
        alone.take(step, 1)
    assert_same_results(ended, alone)


def test_transformed_samples_are_not_given_in_bursts() -> None:
    trained = Trained(matrices, "sgd")
    pixels = np.zeros((60, 1, 6, 8), np.uint8)
    data = Dataset(pixels, np.zeros(60, int), 10, transform=RandomHorizontalFlip())
    trained.feed = BatchSource(DataLoader(data, 9), trained.graph)
    before = [parameter.numpy() for parameter in trained.parameters]
    with pytest.raises(CoreError, match="batch by batch, and not in bursts"):
        trained.take(0, 2)
    for parameter, values in zip(trained.parameters, before, strict=True):
        np.testing.assert_array_equal(parameter.numpy(), values)
    assert trained.program.kernels(trained.feed, trained.parameters)
