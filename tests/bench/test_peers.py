"""Peers: all train the same networks, and ours does so for real."""

import numpy as np
import pytest

from tuitrain.bench.peers import OURS, PEERS, numpy_arrays
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
    layers = networks.network("lenet")
    assert networks.step_flops(layers) == 2_263_920
    assert networks.step_flops(layers, frozen=5) == sum(each.flops for each in layers)


def test_a_frozen_layer_has_no_gradient_and_needs_none_from_above():
    bottom, top = networks.network("mlp-784-16-10")
    assert networks.step_flops((bottom, top), frozen=1) == bottom.flops + 2 * top.flops


@pytest.mark.parametrize("name", ["alexnet", "mlp-783-10", "mlp-784", "mlp-784-0-10"])
def test_an_unknown_network_is_refused(name):
    with pytest.raises(TuitrainError, match="allowed: lenet, cnn, mlp-784"):
        networks.network(name)


def test_a_hundred_parameters_are_a_hundred():
    assert len(list(hundred_parameters().parameters())) == 100


@pytest.mark.parametrize(
    "cell",
    [
        Cell(network="mlp-784-4-10", batch=8, samples=16, optimizer="adam"),
        Cell(network="mlp-784-4-10", batch=8, samples=16, frozen=1, groups=2),
        Cell(work="adam", parameters=1000),
    ],
    ids=["adam", "frozen", "update"],
)
def test_our_worker_takes_steps(cell):
    with Worker(OURS) as worker:
        answer = worker.ask(cell, 0)
    assert answer.problem == ""
    assert answer.steps == 1
    assert answer.seconds_per_step > 0


def test_our_worker_times_about_as_long_as_it_is_asked_to():
    with Worker(OURS) as worker:
        answer = worker.ask(Cell(network="mlp-784-4-10", batch=8, samples=64), 0.01)
    assert answer.problem == ""
    assert answer.steps > 1


def test_a_worker_answers_an_unknown_network_with_a_problem():
    with Worker(OURS) as worker:
        assert "no network 'nothing'" in worker.ask(Cell(network="nothing"), 0).problem


def test_peers_are_told_apart_by_name_and_ours_is_always_there():
    assert len({each.name for each in PEERS}) == len(PEERS)
    assert OURS.installed


def as_in_core(layer, plan, weight) -> np.ndarray:
    """Lay the weight of a layer by hand out as the core does."""
    if isinstance(plan, networks.Convolution):
        return weight.T.reshape(plan.outputs, plan.inputs, plan.kernel, plan.kernel)
    if len(layer._shape) == 2:
        return weight.T
    _, height, width, channels = layer._shape  # what it flattens has its channels last
    rows = weight.reshape(height, width, channels, -1)
    return rows.transpose(3, 2, 0, 1).reshape(weight.shape[1], -1)


@pytest.mark.parametrize("name", ["lenet", "cnn", "mlp-784-12-10"])
def test_the_step_by_hand_computes_the_gradients_of_the_core(name):
    images, labels = (each[0] for each in batches(4, 4))
    layers, plans = numpy_arrays.build(name), networks.network(name)
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
        ours = module.weight.grad.numpy()
        np.testing.assert_allclose(as_in_core(layer, plan, weight), ours, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(bias, module.bias.grad.numpy().ravel(), rtol=1e-3, atol=1e-5)
