"""The update alone: shared by threads, it gives the same bits; so does clipping before it."""

import numpy as np
import pytest

from tuitrain_core import Parameter, Tensor, random
from tuitrain_core import functional as F
from tuitrain_core.compiler import Clipping, ParameterUpdate, Program, trace
from tuitrain_core.module import Linear
from tuitrain_core.optimizer import (
    SGD,
    Adam,
    ParameterState,
    clip_grad_norm,
    clip_grad_value,
)


def updated(threads: int) -> tuple[bytes, ...]:
    """Return the weights after three updates of one gradient; larger than a thread's chunk."""
    with random.scope(random.make_generator(3)):
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
            prepared = adam.prepare_update(parameter.numpy(), state, adam.param_groups[0])
            scalars = np.array([prepared.scalars], np.float32)
            updates.append(ParameterUpdate(parameter, prepared, scalars))
        program.update(updates, threads)
    assert all((now.numpy() != then).any() for now, then in zip(parameters, before, strict=True))
    return tuple(each.numpy().tobytes() for each in parameters)


@pytest.mark.parametrize("threads", [2, 3])
def test_an_update_is_the_same_bits_for_any_number_of_threads(threads):
    assert updated(threads) == updated(1)


@pytest.mark.parametrize("by", ["norm", "value"])
@pytest.mark.parametrize("limit", [1e-4, 0.01, 1e4])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_clipping_has_the_bits_of_the_eager_tier(by, limit, threads):
    with random.scope(random.make_generator(3)):
        layers = [Linear(37, 41), Linear(41, 5)]
        images = random.generator().normal(size=(4, 37)).astype(np.float32)
    parameters = [each for layer in layers for each in layer.parameters()]

    def loss(x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(layers[1](layers[0](x)), y)

    program = Program(trace(loss, images, np.arange(4, dtype=np.int32)), 4)
    program.images(4)[...] = images
    program.labels(4)[...] = np.arange(4)
    program.differentiate(4, parameters)
    sgd, found = SGD(parameters, lr=0.5), [each.grad.numpy() for each in parameters]
    updates = [
        ParameterUpdate(
            each,
            prepared := sgd.prepare_update(
                each.numpy(), ParameterState(step=1), sgd.param_groups[0]
            ),
            np.array([prepared.scalars], np.float32),
        )
        for each in parameters
    ]
    others = [Parameter(each.numpy().copy()) for each in parameters]
    for other, gradient in zip(others, found, strict=True):
        other.grad = Tensor(gradient.copy())
    (clip_grad_norm if by == "norm" else clip_grad_value)(reversed(others), limit)
    expected = [each.grad.numpy() for each in others]
    program.update(updates[::2] + updates[1::2], threads, Clipping(by, limit, parameters[::-1]))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    SGD(others, lr=0.5).step()
    for one, other in zip(parameters, others, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
