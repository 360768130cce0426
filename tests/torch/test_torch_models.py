"""A whole network beside the same one in PyTorch, for some steps of training."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", minversion="2.0")

from tuitrain_core import Tensor, models, random  # noqa: E402
from tuitrain_core import functional as F  # noqa: E402
from tuitrain_core.autodiff import GradManager  # noqa: E402

pytestmark = pytest.mark.torch


def lenet(parameters, x):
    """Compute LeNet in PyTorch, from parameters by our names."""
    p, f = parameters, torch.nn.functional

    def convolve(name, images, padding):
        return f.conv2d(images, p[f"{name}.weight"], p[f"{name}.bias"].reshape(-1), padding=padding)

    x = f.max_pool2d(torch.relu(convolve("conv1", x, 2)), 2)
    x = f.max_pool2d(torch.relu(convolve("conv2", x, 0)), 2).flatten(1)
    x = torch.relu(f.linear(x, p["fc1.weight"], p["fc1.bias"]))
    x = torch.relu(f.linear(x, p["fc2.weight"], p["fc2.bias"]))
    return f.linear(x, p["classifier.weight"], p["classifier.bias"])


def test_lenet_takes_the_same_ten_steps():
    random.seed(50)
    net = models.LeNet()
    weights = {
        name: torch.tensor(values, requires_grad=True) for name, values in net.state_dict().items()
    }
    rng = np.random.default_rng(51)
    gm = GradManager().attach(net.parameters())
    for _ in range(10):
        images = rng.standard_normal((16, 1, 28, 28), np.float32)
        labels = rng.integers(0, 10, 16)
        expected = torch.nn.functional.cross_entropy(
            lenet(weights, torch.tensor(images)), torch.tensor(labels)
        )
        expected.backward()
        with gm:
            loss = F.nn.cross_entropy(net(Tensor(images)), Tensor(labels))
            gm.backward(loss)
        # Rounding grows from step to step: about 1e-7 at first, a few 1e-6 after ten.
        assert loss.item() == pytest.approx(expected.item(), rel=1e-4)
        for name, parameter in net.named_parameters():
            parameter.memory()[...] -= 0.1 * parameter.grad.numpy()
            parameter.grad = None
            with torch.no_grad():
                weights[name] -= 0.1 * weights[name].grad
                weights[name].grad = None
    for name, values in net.state_dict().items():
        other = weights[name].detach().numpy()
        assert np.linalg.norm(values - other) < 1e-4 * np.linalg.norm(other)
