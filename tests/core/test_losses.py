"""Losses by name: their values, gradients, shapes and mistakes; eager and recorded steps agree."""

from __future__ import annotations

import numpy as np
import pytest

from tuitrain_core import functional as F
from tuitrain_core import tensor
from tuitrain_core.autodiff import GradManager
from tuitrain_core.compiler import Recording
from tuitrain_core.data import DataLoader, Dataset
from tuitrain_core.errors import CoreError, ShapeError
from tuitrain_core.losses import LOSSES, cross_entropy, default_loss, make_loss
from tuitrain_core.models import MLP
from tuitrain_core.module import Conv2d, Linear, Module

DRAW = np.random.default_rng(0)
INPUTS = DRAW.standard_normal((23, 5)).astype(np.float32)
LABELS = DRAW.integers(0, 3, 23)
NUMBERS = DRAW.standard_normal((23, 3)).astype(np.float32)


class Sequence(Module):
    """Gives logits (N, T, K) for inputs (N, T)."""

    def __init__(self):
        super().__init__()
        self.layer = Linear(4, 3)

    def forward(self, inputs):
        return self.layer(F.nn.embedding(inputs, TABLE))


class Two(Module):
    """Takes two inputs."""

    def __init__(self):
        super().__init__()
        self.one, self.other = Linear(5, 3), Linear(3, 3)

    def forward(self, one, other):
        return self.one(one) + self.other(other)


TABLE = tensor(DRAW.standard_normal((7, 4)).astype(np.float32))
TOKENS = DRAW.integers(0, 7, (23, 6))

CASES = {
    "classes": (lambda: MLP((5, 8, 3)), Dataset(INPUTS, LABELS), "cross_entropy", {}),
    "smooth": (
        lambda: MLP((5, 3)),
        Dataset(INPUTS, LABELS),
        "cross_entropy",
        {"label_smooth": 0.2},
    ),
    "weights": (
        lambda: MLP((5, 3)),
        Dataset(INPUTS, LABELS),
        "cross_entropy",
        {"class_weights": [1, 0.5, 3]},
    ),
    "numbers": (lambda: MLP((5, 8, 3)), Dataset(INPUTS, NUMBERS), "square_loss", {}),
    "one number": (lambda: MLP((5, 1)), Dataset(INPUTS, NUMBERS[:, 0]), "square_loss", {}),
    "absolute": (lambda: MLP((5, 3)), Dataset(INPUTS, NUMBERS), "l1", {}),
    "binary": (lambda: MLP((5, 1)), Dataset(INPUTS, LABELS > 0), "binary_cross_entropy", {}),
    "hinge": (lambda: MLP((5, 1)), Dataset(INPUTS, (LABELS > 0) * 2.0 - 1), "hinge", {}),
    "autoencoder": (lambda: MLP((5, 2, 5)), Dataset(INPUTS), "square_loss", {}),
    "tokens": (Sequence, Dataset(TOKENS, DRAW.integers(0, 3, (23, 6))), "cross_entropy", {}),
    "two inputs": (Two, Dataset((INPUTS, NUMBERS), LABELS), "cross_entropy", {}),
    "float images": (
        lambda: Conv2d(2, 3, 3),
        Dataset(DRAW.standard_normal((23, 2, 5, 4)), DRAW.standard_normal((23, 3, 3, 2))),
        "square_loss",
        {},
    ),
    "byte rows": (
        lambda: MLP((5, 3)),
        Dataset((INPUTS * 9).astype("u1"), LABELS),
        "cross_entropy",
        {},
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("size", [4, 7, 23])
def test_a_recorded_step_agrees_with_an_eager_one(case, size):
    make, dataset, name, settings = CASES[case]
    net, loss, loader = make(), make_loss(name, **settings), DataLoader(dataset, size)
    recording, gm = Recording(net, loader, loss=loss), GradManager().attach(net.parameters())
    for step in (0, len(loader) - 1, len(loader)):  # the last batch of an epoch is smaller
        inputs, targets = loader.batch(step)
        value = recording.take(inputs, targets, gm)
        assert recording.problem == ""
        recorded = {key: p.grad.numpy().copy() for key, p in net.named_parameters()}
        tensors = tuple(map(tensor, inputs)) if isinstance(inputs, tuple) else (tensor(inputs),)
        for parameter in net.parameters():
            parameter.grad = None
        with gm:
            eager = loss(net(*tensors), tensor(targets))
            gm.backward(eager)
        assert value == pytest.approx(eager.item(), rel=1e-5)
        for key, parameter in net.named_parameters():
            np.testing.assert_allclose(recorded[key], parameter.grad.numpy(), rtol=2e-4, atol=1e-6)


NATIVE = ("classes", "numbers", "one number", "absolute", "binary", "hinge", "autoencoder")


@pytest.mark.parametrize("case", NATIVE)
def test_steps_of_these_need_no_python(case):
    make, dataset, name, settings = CASES[case]
    net = make()
    program, _ = Recording(net, DataLoader(dataset, 5), loss=make_loss(name, **settings)).program()
    assert program.is_native(list(net.parameters()))


def test_class_weights_weigh_the_mean():
    logits, labels = DRAW.standard_normal((6, 3)).astype("f4"), np.array([0, 1, 2, 2, 1, 0])
    weights = np.array([1.0, 0.5, 3.0])
    shifted = logits - np.log(np.exp(logits.astype("f8")).sum(1, keepdims=True))
    losses = -shifted[np.arange(6), labels]
    expected = (losses * weights[labels]).sum() / weights[labels].sum()
    loss = make_loss("cross_entropy", class_weights=weights.tolist())
    assert loss(tensor(logits), tensor(labels)).item() == pytest.approx(expected, rel=1e-5)


def test_classes_may_be_the_last_axis():
    logits, labels = DRAW.standard_normal((2, 5, 3)).astype("f4"), DRAW.integers(0, 3, (2, 5))
    last = cross_entropy(tensor(logits), tensor(labels)).item()
    second = cross_entropy(tensor(logits.transpose(0, 2, 1)), tensor(labels)).item()
    assert last == pytest.approx(second, rel=1e-6)


@pytest.mark.parametrize("name", ["square_loss", "l1", "binary_cross_entropy", "hinge"])
def test_shapes_that_differ_are_an_error(name):
    outputs, targets = tensor(np.zeros((4, 3), "f4")), tensor(np.zeros((4, 2), "f4"))
    with pytest.raises(ShapeError, match=r"outputs have shape \(4, 3\), the targets \(4, 2\)"):
        LOSSES[name](outputs, targets)


def test_an_axis_of_size_1_may_be_missing():
    outputs, targets = tensor(np.ones((4, 1), "f4")), tensor(np.zeros(4, "f4"))
    assert LOSSES["l1"](outputs, targets).item() == 1.0


def test_a_cross_entropy_needs_class_numbers():
    with pytest.raises(CoreError, match="needs class numbers as targets, but they are float32"):
        cross_entropy(tensor(np.zeros((4, 3), "f4")), tensor(np.zeros(4, "f4")))


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("l1", {"beta": 1}, "the loss l1 has no setting 'beta' .it has none."),
        ("cross_entropy", {"weight": 1}, "no setting 'weight' .it has label_smooth and class_w"),
        ("cross_entropy", {"label_smooth": 1.0}, "label_smooth"),
        ("cross_entropy", {"label_smooth": "a"}, "label_smooth"),
        ("cross_entropy", {"class_weights": 3}, "needs a list of finite numbers"),
        ("cross_entropy", {"class_weights": "123"}, "needs a list of finite numbers"),
        ("cross_entropy", {"class_weights": [1, float("nan")]}, "needs a list of finite"),
        ("cross_entropy", {"class_weights": [1e39, 1]}, "each 0 or from 1e-30 to 1e.30, but is"),
        ("cross_entropy", {"class_weights": [1e-40, 1]}, "each 0 or from 1e-30 to 1e.30, but is"),
        ("cross_entropy", {"class_weights": [0, 0]}, "needs a weight above 0, but all are 0"),
    ],
)
def test_wrong_settings_are_one_sentence(name, settings, message):
    with pytest.raises(CoreError, match=message):
        make_loss(name, **settings)


def test_the_default_follows_from_the_targets():
    assert default_loss(Dataset(INPUTS, LABELS)) == "cross_entropy"
    assert default_loss(Dataset(INPUTS, NUMBERS)) == "square_loss"
    assert default_loss(Dataset(INPUTS)) == "square_loss"


@pytest.mark.parametrize("weights", [[1, 1], [1, 1, 1, 1]])
def test_there_is_one_weight_for_each_class(weights):
    loss = make_loss("cross_entropy", class_weights=weights)
    message = f"class_weights needs one number for each class, but has {len(weights)}, .* 3 classes"
    with pytest.raises(CoreError, match=message):
        loss(tensor(np.zeros((4, 3), "f4")), tensor(np.zeros(4, "i4")))
    with pytest.raises(CoreError, match=message):
        Recording(MLP((5, 3)), DataLoader(Dataset(INPUTS, LABELS), 4), loss=loss).program()


@pytest.mark.parametrize("is_recorded", [True, False])
def test_a_batch_of_classes_without_weight_has_no_loss_and_no_gradient(is_recorded):
    dataset = Dataset(INPUTS, np.ones(23, int), 3)
    net, loader = MLP((5, 3)), DataLoader(dataset, 4)
    loss, gm = make_loss("cross_entropy", class_weights=[1, 0, 1]), GradManager()
    gm.attach(net.parameters())
    inputs, targets = loader.batch(0)
    if is_recorded:
        recording = Recording(net, loader, loss=loss)
        value = recording.take(inputs, targets, gm)
        assert recording.problem == ""
    else:
        with gm:
            result = loss(net(tensor(inputs)), tensor(targets))
            gm.backward(result)
        value = result.item()
    assert value == 0
    assert not any(parameter.grad.numpy().any() for parameter in net.parameters())


@pytest.mark.parametrize(
    ("name", "dataset", "message"),
    [
        ("binary_cross_entropy", Dataset(INPUTS, LABELS), "from 0 to 1, but they are from 0 to 2"),
        ("binary_cross_entropy", Dataset(INPUTS, -LABELS[:, None] / 2.0), "from -1 to 0"),
        ("binary_cross_entropy", Dataset((INPUTS * 9).astype("u1"), mean=0.5), "from -0.5 to 0."),
        ("hinge", Dataset(INPUTS, LABELS > 0), "the targets -1 and 1, but one is [01]"),
        ("hinge", Dataset(INPUTS), "the targets -1 and 1, but one is"),
    ],
)
def test_targets_out_of_the_range_of_a_loss_are_refused(name, dataset, message):
    with pytest.raises(CoreError, match=message):
        Recording(MLP((5, 1)), DataLoader(dataset, 4), loss=make_loss(name))


@pytest.mark.parametrize(
    ("name", "dataset"),
    [
        ("binary_cross_entropy", Dataset((INPUTS * 9).astype("u1"))),
        ("binary_cross_entropy", Dataset(INPUTS, LABELS > 0)),
        ("binary_cross_entropy", Dataset(INPUTS, LABELS % 2)),
        ("hinge", Dataset(INPUTS, (LABELS > 0) * 2.0 - 1)),
        ("square_loss", Dataset(INPUTS, LABELS * 9.0)),
    ],
)
def test_targets_in_the_range_of_a_loss_are_taken(name, dataset):
    assert Recording(MLP((5, 1)), DataLoader(dataset, 4), loss=make_loss(name)).problem == ""
