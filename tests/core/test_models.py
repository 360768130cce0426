"""The networks that come with the core: their parameters, and that they learn."""

import numpy as np
import pytest

from tuitrain_core import CoreError, Tensor, models, random
from tuitrain_core import functional as F
from tuitrain_core.autodiff import GradManager

pytestmark = pytest.mark.slow


LENET = """\
classifier.bias (10,)
classifier.weight (10, 84)
conv1.bias (1, 6, 1, 1)
conv1.weight (6, 1, 5, 5)
conv2.bias (1, 16, 1, 1)
conv2.weight (16, 6, 5, 5)
fc1.bias (120,)
fc1.weight (120, 400)
fc2.bias (84,)
fc2.weight (84, 120)"""


def listing(net):
    return "\n".join(f"{name} {parameter.shape}" for name, parameter in net.named_parameters())


def losses_of_training(net, steps, side):
    """Fit one batch of eight random square images by plain gradient descent."""
    rng = np.random.default_rng(33)
    images = Tensor(rng.standard_normal((8, 1, side, side), np.float32))
    labels = Tensor(np.arange(8))
    gm = GradManager().attach(net.parameters())
    losses = []
    for _ in range(steps):
        with gm:
            loss = F.nn.cross_entropy(net(images), labels)
            gm.backward(loss)
        losses.append(loss.item())
        for parameter in net.parameters():
            parameter.memory()[...] -= 0.1 * parameter.grad.numpy()
            parameter.grad = None
    return losses


def test_lenet_has_the_parameters_that_it_is_known_for():
    net = models.LeNet()
    assert listing(net) == LENET
    assert sum(parameter.size for parameter in net.parameters()) == 61_706


def test_mlp_is_as_deep_as_its_sizes_say():
    assert listing(models.MLP((4, 3, 2))) == (
        "classifier.bias (2,)\nclassifier.weight (2, 3)\nfc1.bias (3,)\nfc1.weight (3, 4)"
    )
    assert listing(models.MLP((4, 2))) == "classifier.bias (2,)\nclassifier.weight (2, 4)"
    with pytest.raises(CoreError, match="at least the input's and the output's size"):
        models.MLP((4,))


def test_mlp_takes_images_or_rows():
    net = models.MLP()
    images = np.random.default_rng(34).standard_normal((3, 1, 28, 28), np.float32)
    from_rows = net(Tensor(images.reshape(3, 784))).numpy()
    np.testing.assert_array_equal(net(Tensor(images)).numpy(), from_rows)
    assert from_rows.shape == (3, 10)


def test_resnets_are_as_deep_as_they_say():
    net = models.ResNet(20)
    kinds = [type(member).__name__ for member in net.modules()]
    assert kinds.count("Conv2d") + kinds.count("Linear") - 2 == 20  # two are projections
    assert sum(member.size for member in net.parameters()) == 272_474
    assert sum(member.size for member in models.ResNet(8, 1, 4).parameters()) < 80_000
    images = Tensor(np.zeros((2, 1, 9, 7), np.float32))
    assert models.ResNet(8, 1, 4)(images).shape == (2, 4)
    with pytest.raises(CoreError, match=r"the depth is 8, 14, 20, ... \(6 n \+ 2\), not 10"):
        models.ResNet(10)


def test_a_transformer_reads_images_of_the_shape_it_is_made_for():
    images = Tensor(np.random.default_rng(1).standard_normal((2, 3, 6, 4), np.float32))
    assert models.Transformer((3, 6, 4), 5, width=8, heads=2, depth=1)(images).shape == (2, 5)
    with pytest.raises(CoreError, match="8 features do not divide into 3 heads"):
        models.Transformer((3, 6, 4), width=8, heads=3)


def resnet8():
    return models.ResNet(8, 1)


@pytest.mark.parametrize(
    ("kind", "steps", "side"),
    [
        (models.LeNet, 40, 28),
        (models.MLP, 40, 28),
        (models.CNN, 150, 12),  # takes images of any size
        (resnet8, 80, 12),
        (models.Transformer, 40, 28),
    ],
)
def test_a_model_learns_a_batch_by_heart_and_a_seed_decides_every_bit(kind, steps, side):
    random.seed(35)
    losses = losses_of_training(kind(), steps, side)
    assert losses[0] == pytest.approx(np.log(10), abs=1.0)
    assert losses[-1] < 0.05
    random.seed(35)
    assert losses_of_training(kind(), 10, side) == losses[:10]


def test_a_character_model_does_not_look_ahead():
    net = models.CharTransformer(11, 6, width=8, heads=2, depth=2)
    tokens = np.random.default_rng(2).integers(0, 11, (3, 6)).astype(np.int32)
    logits = net(Tensor(tokens)).numpy()
    assert logits.shape == (3, 6, 11)
    changed = tokens.copy()
    changed[:, 4] = (tokens[:, 4] + 1) % 11
    other = net(Tensor(changed)).numpy()
    np.testing.assert_array_equal(other[:, :4], logits[:, :4])
    assert (other[:, 4:] != logits[:, 4:]).any(axis=-1).all()


def test_a_network_for_curves_takes_one_channel_or_several():
    curves = np.random.default_rng(3).standard_normal((2, 3, 17), np.float32)
    assert models.ConvNet1d(3, 4)(Tensor(curves)).shape == (2, 4)
    net = models.ConvNet1d(1, 4)
    without_axis = net(Tensor(curves[:, 0])).numpy()
    np.testing.assert_array_equal(net(Tensor(curves[:, :1])).numpy(), without_axis)
