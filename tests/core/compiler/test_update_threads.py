"""Updates and clipping have the same bits for any number of threads."""

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
    """Return weights of several chunks after three updates by one gradient."""
    with random.scope(random.make_generator(3)):
        layer = Linear(300, 300)
        images = random.generator().normal(size=(4, 300)).astype(np.float32)
    labels = np.arange(4, dtype=np.int32)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(layer(x), y)

    parameters = list(layer.parameters())
    program = Program(trace(loss, images, labels), 4)
    program.inputs(4)[0][...] = images
    program.targets(4)[...] = labels
    program.differentiate(4, parameters)
    adam, states = Adam(parameters, lr=0.01), [ParameterState() for _ in parameters]
    before = [parameter.numpy().copy() for parameter in parameters]
    for _ in range(3):
        updates = []
        for parameter, state in zip(parameters, states, strict=True):
            state.step += 1
            prepared = adam.prepare_update(parameter.numpy(), state, adam.param_groups[0])
            scalars = np.array([prepared.scalars], np.float32)
            updates.append(ParameterUpdate(parameter, prepared, scalars))
        program.update(updates, threads)
    assert all((now.numpy() != then).any() for now, then in zip(parameters, before, strict=True))
    return tuple(parameter.numpy().tobytes() for parameter in parameters)


@pytest.mark.parametrize("threads", [2, 3])
def test_an_update_has_the_same_bits_for_any_number_of_threads(threads):
    assert updated(threads) == updated(1)


@pytest.mark.parametrize("mode", ["norm", "value"])
@pytest.mark.parametrize("limit", [1e-4, 0.01, 1e4])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_clipping_has_the_bits_of_the_eager_tier(mode, limit, threads):
    with random.scope(random.make_generator(3)):
        layers = [Linear(37, 41), Linear(41, 5)]
        images = random.generator().normal(size=(4, 37)).astype(np.float32)
    parameters = [parameter for layer in layers for parameter in layer.parameters()]

    def loss(x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(layers[1](layers[0](x)), y)

    program = Program(trace(loss, images, np.arange(4, dtype=np.int32)), 4)
    program.inputs(4)[0][...] = images
    program.targets(4)[...] = np.arange(4)
    program.differentiate(4, parameters)
    sgd, gradients = SGD(parameters, lr=0.5), [p.grad.memory() for p in parameters]
    updates = [
        ParameterUpdate(
            parameter,
            prepared := sgd.prepare_update(
                parameter.memory(), ParameterState(step=1), sgd.param_groups[0]
            ),
            np.array([prepared.scalars], np.float32),
        )
        for parameter in parameters
    ]
    others = [Parameter(parameter.numpy().copy()) for parameter in parameters]
    for other, gradient in zip(others, gradients, strict=True):
        other.grad = Tensor(gradient.copy())
    (clip_grad_norm if mode == "norm" else clip_grad_value)(reversed(others), limit)
    expected = [other.grad.numpy() for other in others]
    program.update(updates[::2] + updates[1::2], threads, Clipping(mode, limit, parameters[::-1]))
    for one, other in zip(gradients, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    SGD(others, lr=0.5).step()
    for one, other in zip(parameters, others, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
