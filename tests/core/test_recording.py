"""A recorded step that is taken with batches and a GradManager, as a script takes it."""

import numpy as np

from tuitrain_core import data, functional, models, random, tensor
from tuitrain_core.autodiff import GradManager
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
