"""A recorded step, taken by a script with batches and a GradManager."""

import numpy as np
import pytest

from tuitrain_core import data, digest, functional, models, optimizer, random, tensor
from tuitrain_core.autodiff import GradManager
from tuitrain_core.compiler import Clipping, Recording
from tuitrain_core.errors import CoreError, ShapeError
from tuitrain_core.module import Linear, Module


def digits() -> data.DataLoader:
    images = np.random.default_rng(0).integers(0, 256, (20, 1, 3, 3)).astype(np.uint8)
    return data.DataLoader(data.Dataset(images, np.arange(20) % 4), batch_size=8)


def eager_gradients(net: Module, gm: GradManager, images, labels) -> dict[str, np.ndarray]:
    """Return the gradients of an eager step."""
    for parameter in net.parameters():
        parameter.grad = None
    gm = GradManager().attach(gm.attached_tensors())
    with gm:
        gm.backward(functional.loss.cross_entropy(net(tensor(images)), tensor(labels)))
    gradients = {n: p.grad.numpy().copy() for n, p in net.named_parameters() if p.grad is not None}
    for parameter in net.parameters():
        parameter.grad = None
    return gradients


def test_every_batch_gets_its_loss_and_the_gradients_of_attached_parameters():
    with random.scope(random.make_generator(0)):
        net = models.MLP((9, 5, 4))
    loader = digits()
    recording = Recording(net, loader)
    gm = GradManager().attach(net.parameters())
    gm.detach(net.select("fc1.weight"))
    for images, labels in loader:  # the last has four samples only
        expected = eager_gradients(net, gm, images, labels)
        loss = recording.take(images, labels, gm)
        eager = functional.loss.cross_entropy(net(tensor(images)), tensor(labels)).item()
        np.testing.assert_allclose(loss, eager, rtol=1e-6)
        actual = {n: p.grad.numpy() for n, p in net.named_parameters() if p.grad is not None}
        assert (
            actual.keys() == expected.keys() == {"fc1.bias", "classifier.bias", "classifier.weight"}
        )
        for name, grad in actual.items():
            np.testing.assert_allclose(grad, expected[name], rtol=1e-4, atol=1e-6)
    assert recording.problem == ""


class Reading(models.MLP):
    """Reads values of its input, which a recorded step would not read again."""

    def __init__(self) -> None:
        super().__init__((9, 5, 4))

    def forward(self, inp):
        return super().forward(tensor(inp.numpy() * 2))


def test_a_step_that_cannot_be_recorded_is_eager_and_replaces_gradients():
    with random.scope(random.make_generator(0)):
        net, loader = Reading(), digits()
    recording, gm = Recording(net, loader), GradManager().attach(net.parameters())
    images, labels = loader.batch(0)
    for _ in range(2):
        recording.take(images, labels, gm)
    actual = {name: p.grad.numpy().copy() for name, p in net.named_parameters()}
    expected = eager_gradients(net, gm, images, labels)
    assert recording.problem
    for name, grad in actual.items():
        np.testing.assert_array_equal(grad, expected[name])


class Counting(models.MLP):
    """Computes something else from its fifth step on."""

    def __init__(self) -> None:
        super().__init__((9, 5, 4))
        self.steps = 0

    def forward(self, inp):
        self.steps += 1
        return super().forward(inp) * (1.0 if self.steps < 5 else 3.0)


class Keeping(models.MLP):
    """Keeps a tensor of its last batch as a buffer."""

    def __init__(self) -> None:
        super().__init__((9, 5, 4))
        self.center = tensor(np.zeros(9, np.float32))

    def forward(self, inp):
        self.center = functional.flatten(inp, 1).mean(0)
        return super().forward(inp)


class Filling(models.MLP):
    """Appends to a list in every forward pass."""

    def __init__(self) -> None:
        super().__init__((9, 5, 4))
        self.seen = []

    def forward(self, inp):
        self.seen.append(1.0)
        return super().forward(inp)


@pytest.mark.parametrize(
    ("kind", "name"), [(Counting, "steps"), (Keeping, "center"), (Filling, "seen")]
)
def test_a_model_that_its_forward_pass_changes_is_not_recorded(kind, name):
    net, loader = kind(), digits()
    before = getattr(net, name)
    recording = Recording(net, loader)
    assert recording.program() is None
    assert f"changes {name} of the model" in recording.problem
    if kind is not Filling:
        assert getattr(net, name) is before


class Lazy(models.MLP):
    """Makes a constant when it is first needed, and keeps the shape of its input."""

    def __init__(self) -> None:
        super().__init__((9, 5, 4))
        self.scale = None

    def forward(self, inp):
        if self.scale is None:
            self.scale = tensor(np.full(4, 2.0, np.float32))
        self.shape = inp.shape
        return super().forward(inp) * self.scale


def test_an_attribute_that_is_set_once_does_not_prevent_a_recording():
    recording = Recording(Lazy(), digits())
    assert recording.program() is not None


class Short(models.MLP):
    """Computes something else for the short batch, of four samples, at the end of an epoch."""

    def __init__(self) -> None:
        super().__init__((9, 5, 4))

    def forward(self, inp):
        out = super().forward(inp)
        return functional.tanh(out) if len(inp) == 4 else out


def test_a_step_is_traced_with_the_sizes_that_batches_have():
    images = np.zeros((19, 1, 3, 3), np.uint8)
    loader = data.DataLoader(data.Dataset(images, np.arange(19) % 4), batch_size=15)
    recording = Recording(Short(), loader)
    assert recording.program() is None
    assert "depends on the batch" in recording.problem


def test_a_batch_size_above_the_size_of_the_data_allocates_only_for_the_data():
    images = np.zeros((6, 1, 3, 3), np.uint8)
    loader = data.DataLoader(data.Dataset(images, np.arange(6) % 4), batch_size=1 << 40)
    net = models.MLP((9, 5, 4))
    recording = Recording(net, loader)
    gm = GradManager().attach(net.parameters())
    assert np.isfinite(recording.take(*loader.batch(0), gm))
    assert recording.run_unfused(*loader.batch(0)) is not None


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        ((8, 1, 3, 3), [0, 1, 2, 4, 0, 0, 0, 0], "label of sample 3 is 4; with 4 classes"),
        ((8, 1, 3, 3), [0, 1, -1, 3, 0, 0, 0, 0], "label of sample 2 is -1"),
        ((8, 1, 3, 3), [1 << 32] * 8, "label of sample 0 is 4294967296"),
        ((8, 1, 3, 3), [0.5] * 8, "the targets are whole numbers, but were given as float64"),
        (
            (1, 1, 3, 3),
            [0] * 8,
            r"\(1,\) \(inputs, then targets\), but was given \(1, 1, 3, 3\), \(8,\)",
        ),
        ((8, 1, 3, 1), [0] * 8, r"of the shapes \(8, 1, 3, 3\), \(8,\)"),
        ((9, 1, 3, 3), [0] * 9, "for 1 to 8 samples, but was given 9"),
        ((0, 1, 3, 3), [], "for 1 to 8 samples, but was given 0"),
    ],
)
def test_an_invalid_batch_raises_an_error(images, labels, message):
    net = models.MLP((9, 5, 4))
    recording, gm = Recording(net, digits()), GradManager().attach(net.parameters())
    with pytest.raises(CoreError, match=message):
        recording.take(np.zeros(images, np.float32), np.array(labels), gm)


class Alone(models.MLP):
    """Computes something else for a batch of one sample."""

    def __init__(self) -> None:
        super().__init__((9, 5, 4))

    def forward(self, inp):
        out = super().forward(inp)
        return functional.tanh(out) if len(inp) == 1 else out


@pytest.mark.parametrize(("samples", "size"), [(9, 8), (3, 2), (9, 1), (1, 4)])
def test_a_batch_of_one_sample_is_among_the_sizes_that_are_traced(samples, size):
    images = np.zeros((samples, 1, 3, 3), np.uint8)
    loader = data.DataLoader(data.Dataset(images, np.arange(samples) % 4), batch_size=size)
    recording = Recording(Alone(), loader)
    assert recording.program() is None
    assert "depends on the batch" in recording.problem


@pytest.mark.parametrize("clip", ["norm", "value"])
@pytest.mark.parametrize("rule", ["LAMB", "Adam", "SGD", "RMSprop", "Lion", "Adagrad", "Adadelta"])
def test_gradients_clipped_by_hand_give_the_bits_of_planned_clipping(rule, clip):
    digests = []
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
        digests.append(digest.compute_digest(net, [opt]))
    assert digests[0] == digests[1]


def test_exchanged_gradients_are_used():
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
    """Two weights of the same shape."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = Linear(4, 4, bias=False), Linear(4, 4, bias=False)

    def forward(self, inp):
        return self.second(functional.tanh(self.first(functional.flatten(inp, 1))))


def test_a_gradient_of_another_shape_raises_an_error_and_nothing_is_updated():
    net, loader = models.MLP((9, 5, 4)), digits()
    recording, gm = Recording(net, loader), GradManager().attach(net.parameters())
    recording.take(*loader.batch(0), gm)
    before = digest.compute_digest(net, [])
    net.fc1.bias.grad = tensor(np.zeros(4, np.float32))
    with pytest.raises(ShapeError, match=r"\(4,\)"):
        recording.update([optimizer.SGD(net.select("fc1.bias"), lr=0.1)])
    assert digest.compute_digest(net, []) == before
