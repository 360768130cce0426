"""The update alone: shared by threads, it gives the same bits."""

import numpy as np
import pytest

from tuitrain_core import Tensor, random
from tuitrain_core import functional as F
from tuitrain_core.module import Linear
from tuitrain_core.optimizer import Adam, ParameterState
from tuitrain_core.program import ParameterUpdate, Program, trace


def updated(threads: int) -> tuple[bytes, ...]:
    """Return the weights after three updates of one gradient; larger than a thread's chunk."""
    with random.use(random.new_generator(3)):
        layer = Linear(300, 300)
        images = random.generator().normal(size=(4, 300)).astype(np.float32)
    labels = np.arange(4, dtype=np.int32)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(layer(x), y)

    parameters = list(layer.parameters())
    program = Program(trace(loss, images, labels), 4)
    program.images(4)[...] = images
    program.labels(4)[...] = labels
    program.differentiate(4, parameters)
    adam, states = Adam(parameters, lr=0.01), [ParameterState() for _ in parameters]
    before = [each.numpy().copy() for each in parameters]
    for _ in range(3):
        updates = []
        for parameter, state in zip(parameters, states, strict=True):
            state.step += 1
            prepared = adam.prepare(parameter.numpy(), state, adam.param_groups[0])
            scalars = np.array([prepared.scalars], np.float32)
            updates.append(ParameterUpdate(parameter, prepared, scalars))
        program.update(updates, threads)
    assert all((now.numpy() != then).any() for now, then in zip(parameters, before, strict=True))
    return tuple(each.numpy().tobytes() for each in parameters)


@pytest.mark.parametrize("threads", [2, 3])
def test_an_update_is_the_same_bits_for_any_number_of_threads(threads):
    assert updated(threads) == updated(1)
