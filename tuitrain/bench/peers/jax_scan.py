"""JAX, many steps in one jitted call: a scan over batches."""

# pyright: reportMissingImports=false

from __future__ import annotations

from functools import partial
from itertools import cycle

import jax
from jax import lax

from tuitrain.bench.peer_server import Training, Variants, serve
from tuitrain.bench.peers import jax_networks as networks
from tuitrain.bench.protocol import Cell
from tuitrain.bench.workloads.networks import Convolution, network, step_flops

LEAST_STEPS, MOST_STEPS, OPERATIONS = 4, 256, 1e9
"""Steps in one call: so many that the call costs a step next to nothing, and no more than take
about half a second, as they are asked for."""


def prepare(cell: Cell) -> Variants:
    """Name the ways of doing a cell's work."""
    if cell.work == "adam":
        raise NotImplementedError("an update alone is not scanned over")
    if not any(isinstance(each, Convolution) for each in network(cell.network)):
        return {"scan": lambda: _training(cell, networks.POOLINGS[0])}
    return {each: lambda each=each: _training(cell, each) for each in networks.POOLINGS}


def steps_in_a_call(cell: Cell) -> int:
    """Return how many steps are scanned over, by the operations of one."""
    operations = cell.batch * step_flops(network(cell.network))
    return round(min(MOST_STEPS, max(LEAST_STEPS, OPERATIONS / operations)))


def _training(cell: Cell, pooling: str) -> Training:
    train = networks.step(cell, pooling)
    images, labels = networks.data(cell)
    size = min(steps_in_a_call(cell), len(images))
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
