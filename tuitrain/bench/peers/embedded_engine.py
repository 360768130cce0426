"""tuitrain: the embedded engine, through its public interface."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from tuitrain.engines.factory import EngineSpec, GroupSpec
from tuitrain.engines.limits import CACHE_VARIABLE, DEFAULT_CACHE_MB, max_threads
from tuitrain.engines.registry import engine_factory
from tuitrain.predicates import never
from tuitrain_core import Parameter, Tensor, functional
from tuitrain_core.compiler import ParameterUpdate, Program, trace
from tuitrain_core.data import Dataset
from tuitrain_core.optimizer import Adam, ParameterState

from ..peer_server import TakeSteps, Variants, serve
from ..protocol import Cell
from ..workloads.core_modules import build_network
from ..workloads.networks import RESNET, image_shape
from ..workloads.synthetic_data import LEARNING_RATES, adam_matrices, samples


def prepare(cell: Cell) -> Variants:
    """Return the variants of a cell."""
    if cell.work == "adam":
        return {"recorded": lambda: _recorded_adam(cell, max_threads())}
    return {"engine": lambda: _training(cell)}


def _training(cell: Cell) -> TakeSteps:
    images, labels = samples(max(cell.samples, cell.batch), image_shape(cell.network))
    spec = EngineSpec(
        lambda: build_network(cell.network),
        Dataset(images, labels),
        Dataset(images[:1], labels[:1]),
        list(_groups(cell)),
        batch_size=cell.batch,
    )
    os.environ[CACHE_VARIABLE] = str(DEFAULT_CACHE_MB if cell.cached else 0)
    engine = engine_factory().build(spec)
    if cell.cached:  # fill the cache
        engine.run(engine.steps_per_epoch, never)
    return lambda steps: len(engine.run(steps, never))


def _groups(cell: Cell) -> Iterator[GroupSpec]:
    """Yield a group of the frozen layers, and ``cell.groups`` groups of the others."""
    settings = {"lr": LEARNING_RATES[cell.optimizer]}
    names = [name for name, _ in build_network(cell.network).named_parameters()]
    bottom = tuple(f"layer{place}." for place in range(cell.frozen))
    if cell.network == RESNET:  # its body, or nothing
        frozen = tuple(n for n in names if cell.frozen and not n.startswith("classifier."))
    else:
        frozen = tuple(name for name in names if name.startswith(bottom))
    if frozen:
        yield GroupSpec("frozen", frozen, cell.optimizer, settings, frozen=True)
    trained = [name for name in names if name not in frozen]
    for place in range(cell.groups):
        first, last = (len(trained) * edge // cell.groups for edge in (place, place + 1))
        yield GroupSpec(f"g{place}", tuple(trained[first:last]), cell.optimizer, settings)


def _recorded_adam(cell: Cell, threads: int) -> TakeSteps:
    """Return a function that updates ten matrices by the gradients of a recorded step."""
    side, generator = adam_matrices(cell.parameters)
    weights = [
        Parameter(generator.normal(0, side**-0.5, (side, side)).astype(np.float32))
        for _ in range(10)
    ]

    def loss(images: Tensor, labels: Tensor) -> Tensor:
        x = functional.flatten(images, 1)
        for weight in weights:
            x = functional.nn.linear(x, weight)
        return functional.cross_entropy(x, labels)

    images, labels = generator.normal(size=(2, 1, 1, side)).astype(np.float32), np.zeros(2, "i4")
    program = Program(trace(loss, images, labels), 2)
    program.inputs(2)[0][...] = images
    program.targets(2)[...] = labels
    program.differentiate(2, weights)
    adam = Adam(weights, lr=LEARNING_RATES["adam"])
    states = [ParameterState() for _ in weights]

    def updates() -> Iterator[ParameterUpdate]:
        for weight, state in zip(weights, states, strict=True):
            state.step += 1
            prepared = adam.prepare_update(weight.memory(), state, adam.param_groups[0])
            yield ParameterUpdate(weight, prepared, np.array([prepared.scalars], np.float32))

    def run(steps: int) -> int:
        for _ in range(steps):
            program.update(list(updates()), threads)
        return steps

    return run


if __name__ == "__main__":
    serve(prepare)
