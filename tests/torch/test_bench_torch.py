"""The benchmark's PyTorch peers: they take the steps that everyone else takes."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", minversion="2.0")

from tests.bench.peer_equivalence import CELLS, assert_same_work, name  # noqa: E402
from tuitrain.bench.peers import torch_compile, torch_eager, torch_networks  # noqa: E402
from tuitrain.bench.protocol import Cell  # noqa: E402
from tuitrain_core import Tensor, functional, models  # noqa: E402
from tuitrain_core.autodiff import GradManager  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_every_way_of_torch_takes_the_steps_that_are_taken_by_hand(cell):
    assert_same_work(cell, torch_eager.prepare)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PyTorch by itself
def test_what_is_compiled_takes_the_steps_that_are_taken_by_hand():
    cell = Cell(network="mlp-784-12-10", batch=8, samples=32)
    ways = torch_compile.prepare(cell)
    assert_same_work(cell, lambda _: {"fused": ways["fused"]})


def test_the_residual_network_is_the_core_s():
    model, ours = torch_networks.network("resnet-8"), models.ResNet(8)
    parameters = dict(model.named_parameters())
    for known, param in ours.named_parameters():
        values = parameters[known.replace(".0.", ".", 1) if "stage" in known else known]
        param.set_value(values.detach().numpy().reshape(param.shape))
    generator = np.random.default_rng(0)
    images = generator.normal(size=(4, 3, 32, 32)).astype(np.float32)
    labels = generator.integers(0, 10, 4, np.int32)
    loss = torch.nn.functional.cross_entropy(
        model(torch.from_numpy(images)), torch.from_numpy(labels).long()
    )
    loss.backward()
    gradients = GradManager().attach(ours.parameters())
    with gradients:
        own = functional.cross_entropy(ours(Tensor(images)), Tensor(labels))
        gradients.backward(own)
    np.testing.assert_allclose(own.numpy(), loss.item(), rtol=1e-5)
    actual, wanted = ours.classifier.weight.grad.numpy(), model.classifier.weight.grad.numpy()
    np.testing.assert_allclose(actual, wanted, rtol=1e-3, atol=1e-6)
    actual, wanted = ours.conv1.weight.grad.numpy(), model.conv1.weight.grad.numpy()
    np.testing.assert_allclose(actual, wanted, rtol=1e-2, atol=1e-5)
    assert sum(parameter.size for parameter in ours.parameters()) == sum(
        parameter.numel() for parameter in model.parameters()
    )
