"""Compare a peer's training with the NumPy peer, which is compared with the core's gradients."""

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
    """Return the id of a cell as a test parameter."""
    return f"{cell.network}-{cell.optimizer}"


def numpy_weights(cell):
    """Return the weights after one epoch of NumPy's training."""
    (train,) = [make() for make in numpy_arrays.prepare(cell).values()]
    train(BATCHES)
    return train.weights()


def assert_same_weights(cell, actual, expected):
    """Compare the changes of every weight; the tolerance allows for Adam on tiny gradients."""
    initial = synthetic_data.initial_weights(networks.network_layers(cell.network))
    for layers in zip(initial, actual, expected, strict=True):
        for start, value, reference in zip(*layers, strict=True):
            assert value.shape == reference.shape
            change = np.linalg.norm(reference - start)
            assert change > 0
            assert np.linalg.norm(value - reference) < 0.02 * change


def assert_same_work(cell, prepare):
    """Check that every variant of a peer takes the same steps."""
    expected = numpy_weights(cell)
    for make in prepare(cell).values():
        train = make()
        assert train(BATCHES) == BATCHES
        assert_same_weights(cell, train.weights(), expected)
