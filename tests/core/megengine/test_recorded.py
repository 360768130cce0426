"""Recorded steps of networks with MegEngine's modules have the eager tier's loss and gradients."""

import numpy as np
import pytest

from tuitrain_core import functional as F
from tuitrain_core import module as M
from tuitrain_core import random, tensor
from tuitrain_core.autodiff import GradManager
from tuitrain_core.compiler import NotRecordableError, Program, Recording, trace
from tuitrain_core.data import DataLoader, Dataset


class Network(M.Module):
    """A convolution, what is tested, an average of all pixels, and a linear layer."""

    def __init__(self, make):
        super().__init__()
        self.first = M.Conv2d(3, 8, 3, padding=1)
        self.middle = make()
        self.pool = M.AdaptiveAvgPool2d(1)
        self.last = M.Linear(8, 5)

    def forward(self, x):
        return self.last(F.flatten(self.pool(self.middle(self.first(x))), 1))


class Applied(M.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Attending(M.Module):
    """Attention over the pixels of an image."""

    def __init__(self):
        super().__init__()
        self.attention = M.MultiHeadAttention(8, 2)

    def forward(self, x):
        rows = F.flatten(x, 2).transpose(0, 2, 1)
        return self.attention(rows, rows, rows)[0].transpose(0, 2, 1).reshape(x.shape)


def frozen_norm():
    return M.BatchNorm2d(8, freeze=True)


def with_a_hook():
    layer = M.ReLU()
    layer.register_forward_hook(lambda module, inputs, output: output * 2.0)
    return layer


NATIVE = {
    "silu": M.SiLU,
    "leaky_relu": M.LeakyReLU,
    "prelu": M.PReLU,
    "hook": with_a_hook,
}
WITH_PYTHON = {
    "attention": Attending,
    "group_norm": lambda: M.GroupNorm(2, 8),
    "frozen_norm": frozen_norm,
    "dilation": lambda: M.Conv2d(8, 8, 3, padding=2, dilation=2),
    "groups": lambda: M.Conv2d(8, 8, 3, groups=2),
    "transposed": lambda: M.ConvTranspose2d(8, 8, 2, stride=2),
    "adaptive": lambda: M.AdaptiveMaxPool2d(3),
    "response": M.LocalResponseNorm,
    "clip": lambda: Applied(lambda x: F.clip(x, -1, 1)),
    "maximum": lambda: Applied(lambda x: F.maximum(x, 0.1)),
    "where": lambda: Applied(lambda x: F.where(x > 0, x, x * 0.3)),
    "concat": lambda: Applied(lambda x: F.concat([x[:, :4], x[:, 4:] * 2], 1)),
    "detach": lambda: Applied(lambda x: x * F.sigmoid(x).detach()),
    "std": lambda: Applied(lambda x: x / F.std(x, (2, 3), True)),
    "sort": lambda: Applied(lambda x: F.topk(x, 8)[0]),
}


def losses_and_gradients(make):
    """Return loss and gradients of both tiers, and how many calls of the step are Python's."""
    with random.scope(random.make_generator(1)):
        net = Network(make)
    rng = np.random.default_rng(0)
    images = rng.standard_normal((6, 3, 10, 10), np.float32)
    labels = rng.integers(0, 5, 6).astype(np.int32)
    parameters = list(net.parameters())

    def loss_of(x, y):
        return F.loss.cross_entropy(net(x), y)

    program = Program(trace(loss_of, images, labels), 6)
    program.inputs(6)[0][...], program.targets(6)[...] = images, labels
    recorded = program.differentiate(6, parameters)
    gradients = [None if p.grad is None else p.grad.numpy() for p in parameters]
    for parameter in parameters:
        parameter.grad = None
    with GradManager().attach(parameters) as gm:
        loss = loss_of(tensor(images), tensor(labels))
        gm.backward(loss)
    expected = [None if p.grad is None else p.grad.numpy() for p in parameters]
    python_calls = program.plan_statistics(parameters).python_calls
    return (recorded, gradients), (loss.item(), expected), python_calls


@pytest.mark.parametrize("name", [*NATIVE, *WITH_PYTHON])
def test_a_recorded_step_is_the_eager_one(name):
    actual, expected, python_calls = losses_and_gradients({**NATIVE, **WITH_PYTHON}[name])
    assert actual[0] == pytest.approx(expected[0], rel=1e-5)
    for one, other in zip(actual[1], expected[1], strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_allclose(one, other, atol=1e-5 * np.abs(other).max())
    assert (python_calls == 0) == (name in NATIVE)


def test_an_assignment_in_place_is_not_recorded():
    def shifted(x):
        x += 1.0
        return x

    with pytest.raises(NotRecordableError, match="or sets them"):
        losses_and_gradients(lambda: Applied(shifted))


def test_a_norm_that_is_frozen_later_is_recorded_again():
    images = np.random.default_rng(0).integers(0, 256, (12, 3, 10, 10), np.uint8)
    loader = DataLoader(Dataset(images, np.arange(12, dtype=np.int32) % 5), 6, seed=0)
    with random.scope(random.make_generator(1)):
        net = Network(lambda: M.BatchNorm2d(8))
    recording = Recording(net, loader)
    gm = GradManager().attach(net.parameters())
    batch = loader.batch(0)
    recording.take(*batch, gm)
    mean = net.middle.running_mean.numpy()
    assert mean.any()
    net.middle.freeze = True
    recording.take(*batch, gm)
    np.testing.assert_array_equal(net.middle.running_mean.numpy(), mean)
    assert net.middle.weight.grad is None
    assert net.first.weight.grad is not None
    net.middle.freeze = False
    recording.take(*batch, gm)
    assert (net.middle.running_mean.numpy() != mean).any()
