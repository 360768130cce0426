"""A recorded step that is taken with batches and a GradManager, as a script takes it."""

import numpy as np
import pytest

from tuitrain_core import data, functional, models, random, tensor
from tuitrain_core.autodiff import GradManager
from tuitrain_core.errors import CoreError
from tuitrain_core.module import Module
from tuitrain_core.program import Recording


def digits() -> data.DataLoader:
    images = np.random.default_rng(0).integers(0, 256, (20, 1, 3, 3)).astype(np.uint8)
    return data.DataLoader(data.Dataset(images, np.arange(20) % 4), batch_size=8)


def gradients(net: Module, gm: GradManager, images, labels) -> dict[str, np.ndarray]:
    """Return the gradients of a step taken operation by operation."""
    for parameter in net.parameters():
        parameter.grad = None
    gm = GradManager().attach(gm.attached_tensors())
    with gm:
        gm.backward(functional.loss.cross_entropy(net(tensor(images)), tensor(labels)))
    found = {n: p.grad.numpy().copy() for n, p in net.named_parameters() if p.grad is not None}
    for parameter in net.parameters():
        parameter.grad = None
    return found


def test_every_batch_gets_its_loss_and_the_gradients_of_what_is_attached():
    with random.use(random.new_generator(0)):
        net = models.MLP((9, 5, 4))
    loader = digits()
    recording = Recording(net, loader)
    gm = GradManager().attach(net.parameters())
    gm.detach(net.select("fc1.weight"))
    for images, labels in loader:  # the last has four samples only
        expected = gradients(net, gm, images, labels)
        loss = recording.take(images, labels, gm)
        eager = functional.loss.cross_entropy(net(tensor(images)), tensor(labels)).item()
        np.testing.assert_allclose(loss, eager, rtol=1e-6)
        found = {n: p.grad.numpy() for n, p in net.named_parameters() if p.grad is not None}
        assert (
            found.keys() == expected.keys() == {"fc1.bias", "classifier.bias", "classifier.weight"}
        )
        for name, grad in found.items():
            np.testing.assert_allclose(grad, expected[name], rtol=1e-4, atol=1e-6)
    assert recording.problem == ""


class Peeking(models.MLP):
    """Looks at values of its input, which a recording could not do again."""

    def __init__(self) -> None:
        super().__init__((9, 5, 4))

    def forward(self, inp):
        return super().forward(tensor(inp.numpy() * 2))


def test_what_cannot_be_recorded_is_taken_eagerly_and_gradients_do_not_add_up():
    with random.use(random.new_generator(0)):
        net, loader = Peeking(), digits()
    recording, gm = Recording(net, loader), GradManager().attach(net.parameters())
    images, labels = loader.batch(0)
    for _ in range(2):
        recording.take(images, labels, gm)
    taken = {name: each.grad.numpy().copy() for name, each in net.named_parameters()}
    expected = gradients(net, gm, images, labels)
    assert recording.problem
    for name, grad in taken.items():
        np.testing.assert_array_equal(grad, expected[name])


class Counting(models.MLP):
    """Does another thing from its fifth step on."""

    def __init__(self) -> None:
        super().__init__((9, 5, 4))
        self.steps = 0

    def forward(self, inp):
        self.steps += 1
        return super().forward(inp) * (1.0 if self.steps < 5 else 3.0)


class Keeping(models.MLP):
    """Keeps a tensor of its last batch: a buffer, as the center of all batches may be."""

    def __init__(self) -> None:
        super().__init__((9, 5, 4))
        self.center = tensor(np.zeros(9, np.float32))

    def forward(self, inp):
        self.center = functional.flatten(inp, 1).mean(0)
        return super().forward(inp)


class Filling(models.MLP):
    """Keeps things in a list."""

    def __init__(self) -> None:
        super().__init__((9, 5, 4))
        self.seen = []

    def forward(self, inp):
        self.seen.append(1.0)
        return super().forward(inp)


@pytest.mark.parametrize(
    ("kind", "name"), [(Counting, "steps"), (Keeping, "center"), (Filling, "seen")]
)
def test_a_model_that_is_changed_by_its_forward_pass_is_not_recorded(kind, name):
    net, loader = kind(), digits()
    before = getattr(net, name)
    recording = Recording(net, loader)
    assert recording.program() is None
    assert f"changes {name} of the model" in recording.problem
    if kind is not Filling:
        assert getattr(net, name) is before


class Lazy(models.MLP):
    """Makes a constant when it is first needed, and remembers the shape of its input."""

    def __init__(self) -> None:
        super().__init__((9, 5, 4))
        self.scale = None

    def forward(self, inp):
        if self.scale is None:
            self.scale = tensor(np.full(4, 2.0, np.float32))
        self.shape = inp.shape
        return super().forward(inp) * self.scale


def test_what_a_model_makes_once_does_not_hinder_a_recording():
    recording = Recording(Lazy(), digits())
    assert recording.program() is not None


class Short(models.MLP):
    """Takes the short batch at the end of an epoch, of four, for something else."""

    def __init__(self) -> None:
        super().__init__((9, 5, 4))

    def forward(self, inp):
        out = super().forward(inp)
        return functional.tanh(out) if len(inp) == 4 else out


def test_a_step_is_recorded_by_the_sizes_that_batches_have():
    images = np.zeros((19, 1, 3, 3), np.uint8)
    loader = data.DataLoader(data.Dataset(images, np.arange(19) % 4), batch_size=15)
    recording = Recording(Short(), loader)
    assert recording.program() is None
    assert "depends on the batch" in recording.problem


def test_a_batch_larger_than_the_data_takes_the_memory_of_the_data():
    images = np.zeros((6, 1, 3, 3), np.uint8)
    loader = data.DataLoader(data.Dataset(images, np.arange(6) % 4), batch_size=1 << 40)
    net = models.MLP((9, 5, 4))
    recording = Recording(net, loader)
    gm = GradManager().attach(net.parameters())
    assert np.isfinite(recording.take(*loader.batch(0), gm))
    assert recording.look(*loader.batch(0)) is not None


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        ((8, 1, 3, 3), [0, 1, 2, 4, 0, 0, 0, 0], "label of sample 3 is 4; with 4 classes"),
        ((8, 1, 3, 3), [0, 1, -1, 3, 0, 0, 0, 0], "label of sample 2 is -1"),
        ((8, 1, 3, 3), [1 << 32] * 8, "label of sample 0 is 4294967296"),
        ((8, 1, 3, 3), [0.5] * 8, "labels are whole numbers, but are float64"),
        ((1, 1, 3, 3), [0] * 8, r"labels \(1,\), but was given \(1, 1, 3, 3\) and \(8,\)"),
        ((8, 1, 3, 1), [0] * 8, r"takes images \(8, 1, 3, 3\)"),
        ((9, 1, 3, 3), [0] * 9, "for 1 to 8 samples, but was given 9"),
        ((0, 1, 3, 3), [], "for 1 to 8 samples, but was given 0"),
    ],
)
def test_a_batch_that_a_recorded_step_is_not_for_is_told(images, labels, said):
    net = models.MLP((9, 5, 4))
    recording, gm = Recording(net, digits()), GradManager().attach(net.parameters())
    with pytest.raises(CoreError, match=said):
        recording.take(np.zeros(images, np.float32), np.array(labels), gm)
