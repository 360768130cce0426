"""Outputs of a frozen bottom are the same in every batch; steps that read them have equal bits."""

from __future__ import annotations

import numpy as np
import pytest

from tests.core.compiler.cases import CASES, make_case
from tuitrain_core import Parameter, Tensor, random
from tuitrain_core import functional as F
from tuitrain_core.compiler import (
    BatchSource,
    BottomCache,
    FrozenBottom,
    Graph,
    Obstacle,
    ParameterUpdate,
    Program,
    needed_bytes,
    trace,
)
from tuitrain_core.data import DataLoader, Dataset
from tuitrain_core.module import (
    BatchNorm1d,
    BatchNorm2d,
    Dropout,
    Flatten,
    LayerNorm,
    Linear,
    Module,
    ReLU,
    Sequential,
)
from tuitrain_core.optimizer import Adam, ParameterState

SAMPLES, CAPACITY = 29, 16


def parameters_in_order(graph: Graph) -> list[Parameter]:
    """Return the parameters of a step in the order in which it reads them."""
    return [leaf.tensor for leaf in graph.leaves if isinstance(leaf.tensor, Parameter)]


class Frozen:
    """A network of which the first parameters are frozen, with a program and a cache."""

    def __init__(self, name: str, frozen: int, batch: int = CAPACITY) -> None:
        self.net, objective, shape, classes = make_case(name)
        norms = [m for m in self.net.modules() if isinstance(m, BatchNorm1d | BatchNorm2d)]
        for norm in norms:
            norm.frozen = True
        draw = np.random.default_rng(3)
        inputs = draw.standard_normal((SAMPLES, *shape)).astype(np.float32)
        data = Dataset(inputs, draw.integers(0, classes, SAMPLES), classes)
        self.loader = DataLoader(data, batch)
        self.graph = trace(objective, *DataLoader(data, 4).batch(0))
        self.parameters = parameters_in_order(self.graph)
        self.trained = self.parameters[frozen:]
        self.program = Program(self.graph, CAPACITY)
        self.source = BatchSource(self.loader, self.graph)
        self.bottom = self.program.frozen_bottom(self.trained)
        self.optimizer = Adam(self.trained, lr=0.01) if self.trained else None
        self.slots = {parameter: ParameterState() for parameter in self.trained}
        self.generator = random.make_generator(5)

    def make_cache(self) -> BottomCache:
        assert isinstance(self.bottom, FrozenBottom)
        return BottomCache(self.bottom, self.loader, self.graph)

    def updates(self, first: int, count: int) -> list[ParameterUpdate]:
        updates = []
        for parameter in filter(self.program.depends_on, self.trained):
            state, scalars = self.slots[parameter], []
            for step in range(first, first + count):
                state.step = step + 1
                update = self.optimizer.prepare_update(
                    parameter.numpy(), state, self.optimizer.param_groups[0]
                )
                scalars.append(update.scalars)
            updates.append(ParameterUpdate(parameter, update, np.array(scalars, np.float32)))
        return updates

    def take(self, source: BatchSource, first: int, order: np.ndarray, rows: int, threads: int):
        updates = self.updates(first, len(order) // rows)
        with random.scope(self.generator):
            return self.program.run_burst(source, order, rows, updates, threads)

    def results(self) -> list[np.ndarray]:
        slots = [state.slots[name] for state in self.slots.values() for name in state.slots]
        grads = [p.grad.numpy() for p in self.trained if p.grad is not None]
        return [*[p.numpy() for p in self.parameters], *grads, *slots]


QUICK = ("lenet", "mlp", "dropout")
NAMES = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CASES]


def depths(name: str, batch: int = CAPACITY) -> list[int]:
    """Return numbers of first parameters that are frozen, each with another bottom."""
    count = len(Frozen(name, 0).parameters)
    numbers: dict[tuple[int, ...], int] = {}
    for frozen in range(1, count + 1):
        bottom = Frozen(name, frozen, batch).bottom
        if isinstance(bottom, FrozenBottom):
            numbers[tuple(len(value.shape) for value in bottom.outputs), len(bottom.skipped)] = (
                frozen
            )
    return list(numbers.values())[-4:]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("threads", [1, 2])
def test_outputs_of_a_bottom_depend_neither_on_the_batch_nor_on_its_size(
    name: str, threads: int
) -> None:
    for frozen in depths(name):
        check_outputs(Frozen(name, frozen), threads)


def check_outputs(net: Frozen, threads: int) -> None:
    draw = np.random.default_rng(8)
    cache = net.make_cache()
    rows_of = {value: {} for value in cache.bottom.outputs}
    for size in (16, 1, 2, 3, 5, 7, 12, 13):
        for _ in range(2):
            order = draw.permutation(SAMPLES)[:size].astype(np.int64)
            with random.scope(net.generator):
                net.program.run_forward(net.source, order, threads)
            for value, known in rows_of.items():
                for sample, row in zip(order, net.program.read_value(value, size), strict=True):
                    assert known.setdefault(int(sample), row.tobytes()) == row.tobytes()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rows", [1, 7])
def test_bursts_with_known_samples_have_the_bits_of_whole_steps(name: str, rows: int) -> None:
    for frozen in depths(name):
        check_bursts(Frozen(name, frozen, rows), Frozen(name, frozen, rows), rows)


def check_bursts(cached: Frozen, whole: Frozen, rows: int) -> None:
    cache, draw = cached.make_cache(), np.random.default_rng(4)
    orders = [draw.permutation(SAMPLES)[: SAMPLES // rows * rows] for _ in range(4)]
    orders += [draw.permutation(SAMPLES)[: SAMPLES % rows or 1]]
    first, kinds = 0, []
    for turn, order in enumerate(orders):
        size = min(rows, len(order))
        is_known = cache.count_known(order, size) == len(order) // size
        kinds.append(is_known)
        source = cache.known if is_known else cache.filling
        losses = cached.take(source, first, order, size, 1 + turn % 2)
        cache.add(order)
        np.testing.assert_array_equal(losses, whole.take(whole.source, first, order, size, 1))
        for one, other in zip(cached.results(), whole.results(), strict=True):
            np.testing.assert_array_equal(one, other)
        first += len(losses)
    assert kinds[0] is False
    assert kinds[-1] or rows > 1


@pytest.mark.parametrize(("name", "frozen"), [("lenet", 4), ("lenet", 10), ("mlp", 2)])
def test_outputs_for_known_samples_have_the_bits_of_whole_passes(name: str, frozen: int) -> None:
    net, order = Frozen(name, frozen), np.arange(7, dtype=np.int64)
    cache = net.make_cache()
    expected = []
    for source in (net.source, cache.filling, cache.known):
        net.program.run_forward(source, order)
        expected.append(
            net.program.read_value(net.graph.consumers(net.graph.targets)[0].inputs[0], 7).copy()
        )
    np.testing.assert_array_equal(expected[0], expected[1])
    np.testing.assert_array_equal(expected[0], expected[2])


def test_a_changed_tensor_makes_a_cache_forget_its_rows() -> None:
    net = Frozen("lenet", 4)
    cache, order = net.make_cache(), np.arange(7, dtype=np.int64)
    cache.add(order)
    cache.check_leaves()
    assert cache.known_samples == 7
    net.parameters[1].memory()[0] += 1.0
    cache.check_leaves()
    assert cache.known_samples == 0
    assert cache.count_known(order, 7) == 0


def test_the_bytes_of_a_cache_grow_with_its_rows() -> None:
    cache = Frozen("lenet", 4).make_cache()
    weights = cache.nbytes
    assert weights == 4 * (6 * 25 + 6 + 16 * 6 * 25 + 16)
    cache.add(np.arange(29))
    assert cache.nbytes - weights == needed_bytes(cache.bottom, 29) == 29 * 4 * 400


def test_the_bottom_ends_below_the_first_trained_parameter() -> None:
    net = Frozen("lenet", 4)
    assert isinstance(net.bottom, FrozenBottom)
    assert net.bottom.above is net.parameters[4]
    assert list(net.bottom.leaves) == net.parameters[:4]
    assert net.bottom.inputs == {net.graph.targets}


def sequence(*modules: Module) -> Program:
    net = Sequential(Flatten(), *modules)
    draw = np.random.default_rng(1)
    data = Dataset(draw.standard_normal((20, 6)).astype(np.float32), np.zeros(20, int), 5)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(net(x), y)

    return Program(trace(loss, *DataLoader(data, 8).batch(0)), 8)


def test_without_a_bottom_the_first_operation_that_changes_is_named() -> None:
    program = sequence(Linear(6, 8), ReLU(), Linear(8, 5))
    parameters = parameters_in_order(program.graph)
    for trained in (parameters, parameters[1:]):
        obstacle = program.frozen_bottom(trained)
        assert isinstance(obstacle, Obstacle)
        assert obstacle.tensor is trained[0]
    for module, name in ((Dropout(0.5), "dropout"), (BatchNorm1d(6), "batch_norm")):
        obstacle = sequence(module, Linear(6, 5)).frozen_bottom([])
        assert isinstance(obstacle, Obstacle)
        assert (obstacle.tensor, obstacle.op) == (None, name)


def test_a_bottom_without_a_product_is_not_worth_a_cache() -> None:
    bottom = sequence(LayerNorm(6), Linear(6, 5)).frozen_bottom([])
    assert isinstance(bottom, FrozenBottom)
    program = sequence(LayerNorm(6), Linear(6, 5))
    obstacle = program.frozen_bottom(parameters_in_order(program.graph)[2:])
    assert isinstance(obstacle, Obstacle)
    assert obstacle.tensor is not None
