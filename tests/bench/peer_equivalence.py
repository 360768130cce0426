"""Holds a peer's training against the one by hand, which is held against the core's gradients."""

import numpy as np

from tuitrain.bench.peers import numpy_arrays
from tuitrain.bench.protocol import Cell
from tuitrain.bench.workloads import networks, synthetic_data

BATCHES = 4
CELLS = [
    Cell(network=network, batch=8, samples=8 * BATCHES, optimizer=optimizer)
    for network in ("lenet", "cnn", "mlp-784-12-10")
    for optimizer in ("sgd", "adam")
]


def name(cell):
    """Name a cell as a test's parameter."""
    return f"{cell.network}-{cell.optimizer}"


def by_hand(cell):
    """Return the weights after as many steps as there are different batches."""
    (train,) = [make() for make in numpy_arrays.prepare(cell).values()]
    train(BATCHES)
    return train.weights()


def assert_the_same(cell, theirs, ours):
    """Compare how far every weight has gone; so far that Adam's sign of nothing does not count."""
    initial = synthetic_data.weights(networks.network(cell.network))
    for first, *pair in zip(initial, theirs, ours, strict=True):
        for start, their, our in zip(first, *pair, strict=True):
            assert their.shape == our.shape
            way = np.linalg.norm(our - start)
            assert way > 0
            assert np.linalg.norm(their - our) < 0.02 * way


def assert_the_same_work(cell, prepare):
    """Let every way of a peer take the same steps."""
    ours = by_hand(cell)
    for make in prepare(cell).values():
        train = make()
        assert train(BATCHES) == BATCHES
        assert_the_same(cell, train.weights(), ours)
