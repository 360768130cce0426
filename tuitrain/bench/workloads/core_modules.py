"""The networks as modules of tuitrain_core."""

from __future__ import annotations

from tuitrain_core import functional as F
from tuitrain_core.models import ResNet
from tuitrain_core.module import Conv2d, Linear, Module
from tuitrain_core.tensor import Tensor

from . import networks


class Network(Module):
    """A network of `networks` by name; its layers are layer0, layer1, ... from the bottom."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._plan = networks.network_layers(name)
        for place, layer in enumerate(self._plan):
            setattr(self, f"layer{place}", _module(layer))

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28) to logits (N, 10)."""
        x = images
        for place, layer in enumerate(self._plan):
            module = getattr(self, f"layer{place}")
            if isinstance(layer, networks.Convolution):
                x = F.relu(module(x))
                x = F.max_pool2d(x, 2) if layer.pool else x
            else:
                x = module(F.flatten(x, 1) if x.ndim > 2 else x)
                x = F.relu(x) if layer.relu else x
        return x


def build_network(name: str) -> Module:
    """Build a network by name."""
    return ResNet(8) if name == networks.RESNET else Network(name)


def hundred_parameters() -> Network:
    """Build an MLP of 50 layers; a scenario names this function."""
    return Network(networks.mlp_name(32, 49))


def _module(layer: networks.Layer) -> Module:
    if isinstance(layer, networks.Convolution):
        return Conv2d(layer.inputs, layer.outputs, layer.kernel, padding=layer.padding)
    return Linear(layer.inputs, layer.outputs)
