"""JAX with many steps in one jitted call: a scan over batches."""

# pyright: reportMissingImports=false

from __future__ import annotations

from functools import partial
from itertools import cycle

import jax
from jax import lax

from ..peer_server import Training, Variants, serve
from ..protocol import Cell
from ..workloads.networks import Convolution, network_layers, step_flops
from . import jax_networks as networks

MIN_STEPS, MAX_STEPS, OPERATIONS = 4, 256, 1e9
"""Bounds for the steps of a call, and the operations that it aims at.

A call has enough steps to make its overhead negligible, and takes at most about half a second.
"""


def prepare(cell: Cell) -> Variants:
    """Return the variants of a cell."""
    if cell.work == "adam":
        raise NotImplementedError("an update alone is not scanned over")
    if not any(isinstance(layer, Convolution) for layer in network_layers(cell.network)):
        return {"scan": lambda: _training(cell, networks.POOLINGS[0])}
    return {name: lambda name=name: _training(cell, name) for name in networks.POOLINGS}


def steps_per_call(cell: Cell) -> int:
    """Return the number of steps in a call, from the operations of one step."""
    operations = cell.batch * step_flops(network_layers(cell.network))
    return round(min(MAX_STEPS, max(MIN_STEPS, OPERATIONS / operations)))


def _training(cell: Cell, pooling: str) -> Training:
    train = networks.step(cell, pooling)
    images, labels = networks.data(cell)
    size = min(steps_per_call(cell), len(images))
    chunks = cycle(
        [
            (images[first : first + size], labels[first : first + size])
            for first in range(0, len(images) - size + 1, size)
        ]
    )

    @partial(jax.jit, donate_argnums=0)
    def epoch(state: networks.Tree, images: jax.Array, labels: jax.Array) -> networks.Tree:
        return lax.scan(lambda s, batch: (train(s, *batch), None), state, (images, labels))[0]

    state = networks.state(cell)

    def run(steps: int) -> int:
        nonlocal state
        taken = 0
        while taken < steps:
            state = epoch(state, *next(chunks))
            taken += size
        jax.block_until_ready(state)
        return taken

    return Training(run, lambda: networks.read(cell, state))


if __name__ == "__main__":
    serve(prepare)
