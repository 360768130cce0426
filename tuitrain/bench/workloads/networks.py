"""The networks as plain data, from which every peer builds its own.

All take one-channel images of 28 by 28 pixels, flatten between the last convolution and the first
linear layer, and return ten logits. The residual network is an exception: it takes images of three
channels and 32 by 32 pixels, and is not a sequence of layers. Peers that train it have it as a
module.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from tuitrain.errors import TuitrainError

IMAGE_SIDE = 28
CLASSES = 10

RESNET = "resnet-8"
"""The residual network of `tuitrain_core.models.ResNet` with 8 layers: 16, 32 and 64 channels."""


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution with stride 1 and bias, ReLU, and 2 by 2 maximum pooling if ``pool``.

    Attributes
    ----------
    input_side : height and width of the input
    """

    inputs: int
    outputs: int
    kernel: int
    padding: int
    pool: bool
    input_side: int

    @property
    def conv_side(self) -> int:
        """Height and width of the convolution's output, before pooling."""
        return self.input_side + 2 * self.padding - self.kernel + 1

    @property
    def output_side(self) -> int:
        """Height and width of the layer's output."""
        return self.conv_side // 2 if self.pool else self.conv_side

    @property
    def flops(self) -> int:
        """Floating-point operations of one sample's forward pass."""
        return 2 * self.conv_side**2 * self.outputs * self.inputs * self.kernel**2


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear layer with bias, and ReLU if it is not the last."""

    inputs: int
    outputs: int
    relu: bool

    @property
    def flops(self) -> int:
        """Floating-point operations of one sample's forward pass."""
        return 2 * self.inputs * self.outputs


Layer: TypeAlias = Convolution | Linear


def network_layers(name: str) -> tuple[Layer, ...]:
    """Return the layers of a network, from the bottom.

    Parameters
    ----------
    name : "lenet"; "lenet-12-32": LeNet with these numbers of channels; "cnn": three convolutions
        of 3 by 3 with 16, 32 and 64 channels; or "mlp-784-256-128-10": any number of linear layers
        of these sizes, from 784 to 10

    Raises
    ------
    TuitrainError : there is no such network
    """
    if match := re.fullmatch(r"lenet(?:-([1-9]\d*)-([1-9]\d*))?", name):
        first, second = int(match[1] or 6), int(match[2] or 16)
        convolutions = _convolutions((1, first, 5, 2, True), (first, second, 5, 0, True))
        return *convolutions, *_linear(25 * second, 120, 84, CLASSES)
    if name == "cnn":
        convolutions = _convolutions(
            (1, 16, 3, 1, True), (16, 32, 3, 1, True), (32, 64, 3, 1, False)
        )
        return *convolutions, *_linear(64 * 7 * 7, CLASSES)
    if re.fullmatch(rf"mlp-{IMAGE_SIDE * IMAGE_SIDE}(-[1-9]\d*)*-{CLASSES}", name):
        return _linear(*map(int, name.split("-")[1:]))
    raise TuitrainError(
        f"no network {name!r} to measure (allowed: lenet, cnn, mlp-784-SIZE-...-10)"
    )


def image_shape(name: str) -> tuple[int, int, int]:
    """Return channels, height and width of a network's images."""
    return (3, 32, 32) if name == RESNET else (1, IMAGE_SIDE, IMAGE_SIDE)


def mlp_name(width: int, hidden: int) -> str:
    """Return the name of an MLP with ``hidden`` hidden layers of one width."""
    return "-".join(["mlp", str(IMAGE_SIDE * IMAGE_SIDE), *[str(width)] * hidden, str(CLASSES)])


def step_flops(layers: Sequence[Layer], frozen: int = 0) -> int:
    """Count the floating-point operations of one sample's step.

    A trained layer has a backward pass for its weight, and a layer above a trained layer one for
    its input.

    Parameters
    ----------
    frozen : number of frozen layers, from the bottom
    """
    total = 0
    for position, layer in enumerate(layers):
        passes = 1 + (position >= frozen) + (position > frozen)
        total += passes * layer.flops
    return total


def _convolutions(*settings: tuple[int, int, int, int, bool]) -> tuple[Convolution, ...]:
    layers: list[Convolution] = []
    side = IMAGE_SIDE
    for numbers in settings:
        layers.append(Convolution(*numbers, side))
        side = layers[-1].output_side
    return tuple(layers)


def _linear(*sizes: int) -> tuple[Linear, ...]:
    pairs = list(pairwise(sizes))
    return tuple(
        Linear(*pair, relu=place < len(pairs)) for place, pair in enumerate(pairs, start=1)
    )
