"""JAX with one jitted step, called from Python."""

# pyright: reportMissingImports=false

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp

from ..peer_server import TakeSteps, Training, Variants, serve
from ..protocol import Cell
from ..workloads.networks import Convolution, network_layers
from ..workloads.synthetic_data import adam_matrices
from . import jax_networks as networks


def prepare(cell: Cell) -> Variants:
    """Return the variants of a cell."""
    if cell.work == "adam":
        return {"jit": lambda: _adam(cell)}
    if not any(isinstance(layer, Convolution) for layer in network_layers(cell.network)):
        return {"jit": lambda: _training(cell, networks.POOLINGS[0])}
    return {name: lambda name=name: _training(cell, name) for name in networks.POOLINGS}


def _training(cell: Cell, pooling: str) -> Training:
    train = networks.step(cell, pooling)
    images, labels = networks.data(cell)

    # The compiled step slices the batch: an index costs Python less than an array.
    @partial(jax.jit, donate_argnums=0)
    def step(state: networks.Tree, images: jax.Array, labels: jax.Array) -> networks.Tree:
        at = state["at"]
        trained = train(state["model"], images[at], labels[at])
        return {"model": trained, "at": (at + 1) % len(images)}

    state = {"model": networks.state(cell), "at": jnp.zeros((), jnp.int32)}

    def run(steps: int) -> int:
        nonlocal state
        for _ in range(steps):
            state = step(state, images, labels)
        jax.block_until_ready(state)
        return steps

    return Training(run, lambda: networks.read(cell, state["model"]))


def _adam(cell: Cell) -> TakeSteps:
    side, generator = adam_matrices(cell.parameters)

    def tree() -> list[jax.Array]:
        return [jnp.asarray(generator.normal(size=(side, side)).astype("f4")) for _ in range(10)]

    state, gradients = networks.with_moments(tree()), tree()
    step = jax.jit(networks.adam, donate_argnums=0)

    def run(steps: int) -> int:
        nonlocal state
        for _ in range(steps):
            state = step(state, gradients)
        jax.block_until_ready(state)
        return steps

    return run


if __name__ == "__main__":
    serve(prepare)
