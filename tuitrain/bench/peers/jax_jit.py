"""JAX, a jitted step that is called from Python."""

# pyright: reportMissingImports=false

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp

from tuitrain.bench.peer_server import Run, Training, Variants, serve
from tuitrain.bench.peers import jax_networks as networks
from tuitrain.bench.protocol import Cell
from tuitrain.bench.workloads.networks import Convolution, network
from tuitrain.bench.workloads.synthetic_data import matrices


def prepare(cell: Cell) -> Variants:
    """Name the ways of doing a cell's work."""
    if cell.work == "adam":
        return {"jit": lambda: _adam(cell)}
    if not any(isinstance(each, Convolution) for each in network(cell.network)):
        return {"jit": lambda: _training(cell, networks.POOLINGS[0])}
    return {each: lambda each=each: _training(cell, each) for each in networks.POOLINGS}


def _training(cell: Cell, pooling: str) -> Training:
    train = networks.step(cell, pooling)
    images, labels = networks.data(cell)

    # The batch is cut in the compiled step: an index costs Python less than an array.
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


def _adam(cell: Cell) -> Run:
    side, generator = matrices(cell.parameters)

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
