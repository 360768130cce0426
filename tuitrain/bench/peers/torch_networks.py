"""The networks and their data for PyTorch."""

# pyright: reportMissingImports=false

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Any

import torch
from torch import nn

from ..peer_server import TakeSteps
from ..protocol import Cell
from ..workloads import networks
from ..workloads.synthetic_data import (
    LEARNING_RATES,
    Weights,
    adam_matrices,
    batches,
    initial_weights,
)
from .torch_resnet import ResNet

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
torch.set_num_interop_threads(1)

Optimizer = Callable[..., torch.optim.Optimizer]


def network(name: str) -> nn.Module:
    """Build a network with the weights that all peers start with."""
    if name == networks.RESNET:
        torch.manual_seed(0)
        return ResNet()
    layers = networks.network_layers(name)
    model = _sequential(layers)
    rows = zip(_with_weights(model), initial_weights(layers), strict=True)
    with torch.no_grad():
        for module, (weight, bias) in rows:
            module.weight.copy_(torch.from_numpy(weight))
            module.bias.copy_(torch.from_numpy(bias))
    return model


def _sequential(layers: Sequence[networks.Layer]) -> nn.Sequential:
    modules: list[nn.Module] = []
    for layer in layers:
        if isinstance(layer, networks.Convolution):
            modules += [
                nn.Conv2d(layer.inputs, layer.outputs, layer.kernel, padding=layer.padding),
                nn.ReLU(),
                *[nn.MaxPool2d(2)] * layer.pool,
            ]
        else:
            modules += [*[nn.Flatten()] * (not _is_linear(modules))]
            modules += [nn.Linear(layer.inputs, layer.outputs), *[nn.ReLU()] * layer.relu]
    return nn.Sequential(*modules)


def trained(model: nn.Module, frozen: int) -> list[nn.Parameter]:
    """Freeze layers from the bottom, and return the parameters of the others."""
    for layer in _with_weights(model)[:frozen]:
        layer.requires_grad_(False)
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def optimizer(cell: Cell, parameters: list[nn.Parameter], **how: bool) -> torch.optim.Optimizer:
    """Make the optimizer of a cell; ``how`` is foreach or fused."""
    make: Optimizer = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[cell.optimizer]
    return make(parameters, lr=LEARNING_RATES[cell.optimizer], **how)


def stream(cell: Cell, channels_last: bool) -> Iterator[tuple[Any, Any]]:
    """Return an endless iterator over batches that are prepared in advance."""
    images, labels = (
        torch.from_numpy(array)
        for array in batches(cell.samples, cell.batch, networks.image_shape(cell.network))
    )
    layout = torch.channels_last if channels_last else torch.contiguous_format
    pairs = zip(images, labels.long(), strict=True)
    return cycle([(x.contiguous(memory_format=layout), y) for x, y in pairs])


def has_convolutions(name: str) -> bool:
    """Whether a network has convolutions, so that the memory format matters."""
    if name == networks.RESNET:
        return True
    return any(isinstance(layer, networks.Convolution) for layer in networks.network_layers(name))


def adam_alone(cell: Cell, compiled: bool, **how: Any) -> TakeSteps:
    """Return a function that updates ten matrices by constant gradients."""
    side, generator = adam_matrices(cell.parameters)
    weights = []
    for _ in range(10):
        weight = nn.Parameter(torch.from_numpy(generator.normal(size=(side, side)).astype("f4")))
        weight.grad = torch.from_numpy(generator.normal(size=(side, side)).astype("f4"))
        weights.append(weight)
    adam = torch.optim.Adam(weights, lr=LEARNING_RATES["adam"], **how)
    step = torch.compile(adam.step) if compiled else adam.step

    def run(steps: int) -> int:
        for _ in range(steps):
            step()
        return steps

    return run


def read(model: nn.Module) -> list[Weights]:
    """Return the weights of all layers."""
    return [
        (layer.weight.detach().numpy(), layer.bias.detach().numpy())
        for layer in _with_weights(model)
    ]


def _with_weights(model: nn.Module) -> list[Any]:
    return [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]


def _is_linear(modules: list[nn.Module]) -> bool:
    return any(isinstance(module, nn.Linear) for module in modules)
