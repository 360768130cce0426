"""Peers: the same networks for all, and real steps of tuitrain."""

import numpy as np
import pytest

from tuitrain.bench.peers import PEERS, TUITRAIN, numpy_arrays
from tuitrain.bench.protocol import Cell
from tuitrain.bench.worker import Worker
from tuitrain.bench.workloads import networks
from tuitrain.bench.workloads.core_modules import Network, hundred_parameters
from tuitrain.bench.workloads.synthetic_data import batches
from tuitrain.errors import TuitrainError
from tuitrain_core import Tensor, functional
from tuitrain_core.autodiff import GradManager
from tuitrain_core.models import MLP, LeNet


def sizes(model) -> list[tuple[int, ...]]:
    return sorted(param.size for param in model.parameters())


@pytest.mark.parametrize(
    ("name", "model"), [("lenet", LeNet), ("mlp-784-256-128-10", lambda: MLP((784, 256, 128, 10)))]
)
def test_the_networks_are_those_of_the_core(name, model):
    assert sizes(Network(name)) == sizes(model())


def test_the_operations_of_lenet_are_counted():
    layers = networks.network_layers("lenet")
    assert networks.step_flops(layers) == 2_263_920
    assert networks.step_flops(layers, frozen=5) == sum(layer.flops for layer in layers)


def test_a_frozen_bottom_layer_needs_no_backward_pass():
    bottom, top = networks.network_layers("mlp-784-16-10")
    assert networks.step_flops((bottom, top), frozen=1) == bottom.flops + 2 * top.flops


@pytest.mark.parametrize("name", ["alexnet", "mlp-783-10", "mlp-784", "mlp-784-0-10"])
def test_an_unknown_network_is_refused(name):
    with pytest.raises(TuitrainError, match="allowed: lenet, cnn, mlp-784"):
        networks.network_layers(name)


def test_the_network_of_a_hundred_parameters():
    assert len(list(hundred_parameters().parameters())) == 100


@pytest.mark.parametrize(
    "cell",
    [
        Cell(network="mlp-784-4-10", batch=8, samples=16, optimizer="adam"),
        Cell(network="mlp-784-4-10", batch=8, samples=16, frozen=1, groups=2),
        Cell(network="mlp-784-4-10", batch=8, samples=16, frozen=1, cached=True),
        Cell(work="adam", parameters=1000),
    ],
    ids=["adam", "frozen", "cached", "update"],
)
def test_tuitrain_takes_steps(cell):
    with Worker(TUITRAIN) as worker:
        reply = worker.request(cell, 0)
    assert reply.problem == ""
    assert reply.steps == 1
    assert reply.seconds_per_step > 0


def test_tuitrain_takes_steps_for_the_requested_time():
    with Worker(TUITRAIN) as worker:
        reply = worker.request(Cell(network="mlp-784-4-10", batch=8, samples=64), 0.01)
    assert reply.problem == ""
    assert reply.steps > 1


def test_an_unknown_network_is_a_problem():
    with Worker(TUITRAIN) as worker:
        assert "no network 'nothing'" in worker.request(Cell(network="nothing"), 0).problem


def test_peers_have_distinct_names_and_tuitrain_is_installed():
    assert len({peer.name for peer in PEERS}) == len(PEERS)
    assert TUITRAIN.installed


def as_in_core(layer, plan, weight) -> np.ndarray:
    """Convert the weight of a NumPy layer to the core's layout."""
    if isinstance(plan, networks.Convolution):
        return weight.T.reshape(plan.outputs, plan.inputs, plan.kernel, plan.kernel)
    if len(layer.input_shape) == 2:
        return weight.T
    _, height, width, channels = layer.input_shape  # what it flattens has its channels last
    rows = weight.reshape(height, width, channels, -1)
    return rows.transpose(3, 2, 0, 1).reshape(weight.shape[1], -1)


@pytest.mark.parametrize("name", ["lenet", "cnn", "mlp-784-12-10"])
def test_numpy_computes_the_gradients_of_the_core(name):
    images, labels = (array[0] for array in batches(4, 4))
    layers, plans = numpy_arrays.build_layers(name), networks.network_layers(name)
    numpy_arrays.differentiate(layers, np.moveaxis(images, 1, -1), labels)
    model = Network(name)
    modules = [getattr(model, f"layer{place}") for place in range(len(layers))]
    for layer, plan, module in zip(layers, plans, modules, strict=True):
        module.weight.set_value(as_in_core(layer, plan, layer.weight))
        module.bias.set_value(layer.bias.reshape(module.bias.shape))
    gradients = GradManager().attach(model.parameters())
    with gradients:
        gradients.backward(functional.cross_entropy(model(Tensor(images)), Tensor(labels)))
    for layer, plan, module in zip(layers, plans, modules, strict=True):
        weight, bias = layer.grads
        expected = module.weight.grad.numpy()
        np.testing.assert_allclose(as_in_core(layer, plan, weight), expected, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(bias, module.bias.grad.numpy().ravel(), rtol=1e-3, atol=1e-5)
