"""A burst is the same steps, taken one by one; its last step leaves its gradients."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from tuitrain_core import Parameter, random
from tuitrain_core import functional as F
from tuitrain_core.data import DataLoader, Dataset
from tuitrain_core.module import Flatten, Linear, Module, ReLU, Sequential
from tuitrain_core.optimizer import RULES, ParameterState
from tuitrain_core.program import ParameterUpdate, Program, trace
from tuitrain_core.program.feed import Feed
from tuitrain_core.tensor import Tensor

BATCH, STEPS = 9, 5


class Tied(Module):
    """One square matrix that is used twice, so that its gradient is a sum of two."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = Parameter(np.eye(48, dtype=np.float32))
        self.last = Linear(48, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = x.reshape(x.shape[0], -1)
        return self.last(F.nn.linear(F.relu(F.nn.linear(x, self.weight)), self.weight))


def plain() -> Module:
    """Matrices of several blocks, the last of which is not whole."""
    return Sequential(Flatten(), Linear(48, 200), ReLU(), Linear(200, 61), ReLU(), Linear(61, 10))


class Trained:
    """A network, its program, and what an optimizer would do to it."""

    def __init__(self, make, rule: str) -> None:
        with random.use(random.new_generator(3)):
            self.net = make()
        draw = np.random.default_rng(1)
        pixels = draw.integers(0, 256, (60, 1, 6, 8), dtype=np.uint8)
        loader = DataLoader(Dataset(pixels, draw.integers(0, 10, 60)), BATCH)
        images, labels = loader.batch(0)

        def loss(x: Tensor, y: Tensor) -> Tensor:
            return F.cross_entropy(self.net(x), y)

        self.graph = trace(loss, images, labels)
        self.program = Program(self.graph, BATCH)
        self.feed = Feed(loader, self.graph)
        self.parameters = list(self.net.parameters())
        self.optimizer = RULES[rule](self.parameters, lr=0.01)
        self.order = draw.integers(0, 60, BATCH * STEPS).astype(np.int64)
        self.slots = {each: ParameterState() for each in self.parameters}

    def updates(self, first: int, count: int) -> list[ParameterUpdate]:
        found = []
        for each in self.parameters:
            state, scalars = self.slots[each], []
            for step in range(first, first + count):
                state.step = step + 1
                update = self.optimizer.prepare(each.numpy(), state, self.optimizer.param_groups[0])
                scalars.append(update.scalars)
            found.append(ParameterUpdate(each, update, np.array(scalars, np.float32)))
        return found

    def take(self, first: int, count: int, threads: int = 1) -> np.ndarray:
        order = self.order[first * BATCH : (first + count) * BATCH]
        return self.program.burst(self.feed, order, BATCH, self.updates(first, count), threads)

    def seen(self) -> list[np.ndarray]:
        slots = [state.slots[name] for state in self.slots.values() for name in state.slots]
        measured = [self.program.statistics(each) for each in self.parameters]
        return [
            *[each.numpy() for each in self.parameters],
            *[each.grad.numpy() for each in self.parameters],
            *slots,
            np.array([(m.update_norm, m.weight_norm, m.grad_norm) for m in measured]),
        ]


def alike(one: Trained, other: Trained) -> None:
    for mine, theirs in zip(one.seen(), other.seen(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("make", [plain, Tied])
def test_a_burst_is_its_steps_one_by_one(make, rule: str, threads: int) -> None:
    together, alone = Trained(make, rule), Trained(make, rule)
    losses = together.take(0, STEPS, threads)
    np.testing.assert_array_equal(losses, [alone.take(step, 1)[0] for step in range(STEPS)])
    alike(together, alone)


def test_a_burst_that_was_ended_early_leaves_the_gradients_of_its_last_step() -> None:
    ended, alone = Trained(plain, "sgd"), Trained(plain, "sgd")
    ended.order = np.tile(ended.order, 2000)
    alone.order = ended.order
    over = threading.Event()

    def interrupt() -> None:
        while not over.is_set():
            ended.program.interrupt()

    impatient = threading.Thread(target=interrupt)
    impatient.start()
    taken = len(ended.take(0, len(ended.order) // BATCH))
    over.set()
    impatient.join()
    assert taken < len(ended.order) // BATCH
    for step in range(taken):
        alone.take(step, 1)
    alike(ended, alone)
