"""A recorded step that is taken with batches and a GradManager, as a script takes it."""

import numpy as np
import pytest

from tuitrain_core import data, digest, functional, models, optimizer, random, tensor
from tuitrain_core.autodiff import GradManager
from tuitrain_core.compiler import Recording
from tuitrain_core.compiler.planning.clipping import Clipping
from tuitrain_core.errors import CoreError, ShapeError
from tuitrain_core.module import Linear, Module


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
    with random.scope(random.make_generator(0)):
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
    with random.scope(random.make_generator(0)):
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
    assert recording.run_unfused(*loader.batch(0)) is not None


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


class Alone(models.MLP):
    """Takes one sample that comes alone for something else."""

    def __init__(self) -> None:
        super().__init__((9, 5, 4))

    def forward(self, inp):
        out = super().forward(inp)
        return functional.tanh(out) if len(inp) == 1 else out


@pytest.mark.parametrize(("samples", "size"), [(9, 8), (3, 2), (9, 1), (1, 4)])
def test_a_batch_of_one_sample_is_among_the_sizes_that_are_looked_at(samples, size):
    images = np.zeros((samples, 1, 3, 3), np.uint8)
    loader = data.DataLoader(data.Dataset(images, np.arange(samples) % 4), batch_size=size)
    recording = Recording(Alone(), loader)
    assert recording.program() is None
    assert "depends on the batch" in recording.problem


@pytest.mark.parametrize("clip", ["norm", "value"])
@pytest.mark.parametrize("rule", ["LAMB", "Adam", "SGD", "RMSprop", "Lion", "Adagrad", "Adadelta"])
def test_gradients_clipped_by_hand_are_updated_to_the_bits_of_a_planned_clipping(rule, clip):
    found = []
    for by_hand in (True, False):
        with random.scope(random.make_generator(0)):
            net = models.MLP((9, 5, 4))
        loader = digits()
        recording, gm = Recording(net, loader), GradManager().attach(net.parameters())
        opt = getattr(optimizer, rule)(net.parameters(), lr=0.01)
        for step in range(9):
            recording.take(*loader.batch(step), gm)
            if not by_hand:
                recording.update([opt], Clipping(clip, 0.01, tuple(net.parameters())))
                continue
            cut = optimizer.clip_grad_norm if clip == "norm" else optimizer.clip_grad_value
            cut(net.parameters(), 0.01)
            recording.update([opt])
        found.append(digest.compute_digest(net, [opt]))
    assert found[0] == found[1]


def test_exchanged_gradients_are_those_that_are_used():
    with random.scope(random.make_generator(0)):
        net = Square()
    before = net.state_dict()
    loader = data.DataLoader(data.Dataset(np.full((8, 1, 2, 2), 9, np.uint8), np.arange(8) % 4))
    recording, gm = Recording(net, loader), GradManager().attach(net.parameters())
    recording.take(*loader.batch(0), gm)
    first, second = net.first.weight, net.second.weight
    slopes = first.grad.numpy().copy(), second.grad.numpy().copy()
    assert not np.array_equal(*slopes)
    first.grad, second.grad = second.grad, first.grad
    recording.update([optimizer.SGD(net.parameters(), lr=1.0)])
    np.testing.assert_array_equal(first.numpy(), before["first.weight"] - slopes[1])
    np.testing.assert_array_equal(second.numpy(), before["second.weight"] - slopes[0])


class Square(Module):
    """Two weights of one shape."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = Linear(4, 4, bias=False), Linear(4, 4, bias=False)

    def forward(self, inp):
        return self.second(functional.tanh(self.first(functional.flatten(inp, 1))))


def test_a_gradient_of_another_shape_is_told_and_nothing_is_updated():
    net, loader = models.MLP((9, 5, 4)), digits()
    recording, gm = Recording(net, loader), GradManager().attach(net.parameters())
    recording.take(*loader.batch(0), gm)
    before = digest.compute_digest(net, [])
    net.fc1.bias.grad = tensor(np.zeros(4, np.float32))
    with pytest.raises(ShapeError, match=r"\(4,\)"):
        recording.update([optimizer.SGD(net.select("fc1.bias"), lr=0.1)])
    assert digest.compute_digest(net, []) == before
