"""The networks that are trained, as plain data, from which every peer builds its own.

All take one-channel images of 28 by 28 pixels and give ten logits; flattening stands between the
last convolution and the first linear layer. Only the residual network is another matter: it takes
images of three channels and 32 by 32 pixels, and is no row of layers; those who are measured with
it have a module of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from tuitrain.errors import TuitrainError

SIDE = 28
CLASSES = 10

RESNET = "resnet-8"
"""The residual network of `tuitrain_core.models.ResNet` with 8 layers: 16, 32 and 64 channels."""


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution with stride 1 and bias, ReLU, and 2 by 2 maximum pooling if ``pool``.

    Attributes
    ----------
    side : height and width of what comes in
    """

    inputs: int
    outputs: int
    kernel: int
    padding: int
    pool: bool
    side: int

    @property
    def side_out(self) -> int:
        """Height and width before pooling."""
        return self.side + 2 * self.padding - self.kernel + 1

    @property
    def side_after(self) -> int:
        """Height and width of what goes on."""
        return self.side_out // 2 if self.pool else self.side_out

    @property
    def flops(self) -> int:
        """Floating-point operations of one sample's forward pass."""
        return 2 * self.side_out**2 * self.outputs * self.inputs * self.kernel**2


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


def network(name: str) -> tuple[Layer, ...]:
    """Return the layers of a network, from the bottom up.

    Parameters
    ----------
    name : "lenet"; "lenet-12-32": with as many channels in its convolutions; "cnn": three
        convolutions of 3 by 3 with 16, 32 and 64 channels; or "mlp-784-256-128-10": linear layers
        of these sizes, any number, 784 and 10 at the ends

    Raises
    ------
    TuitrainError : there is no such network
    """
    if found := re.fullmatch(r"lenet(?:-([1-9]\d*)-([1-9]\d*))?", name):
        first, second = int(found[1] or 6), int(found[2] or 16)
        convolutions = _convolutions((1, first, 5, 2, True), (first, second, 5, 0, True))
        return *convolutions, *_linear(25 * second, 120, 84, CLASSES)
    if name == "cnn":
        convolutions = _convolutions(
            (1, 16, 3, 1, True), (16, 32, 3, 1, True), (32, 64, 3, 1, False)
        )
        return *convolutions, *_linear(64 * 7 * 7, CLASSES)
    if re.fullmatch(rf"mlp-{SIDE * SIDE}(-[1-9]\d*)*-{CLASSES}", name):
        return _linear(*map(int, name.split("-")[1:]))
    raise TuitrainError(
        f"no network {name!r} to measure (allowed: lenet, cnn, mlp-784-SIZE-...-10)"
    )


def shape(name: str) -> tuple[int, int, int]:
    """Return channels, height and width of a network's images."""
    return (3, 32, 32) if name == RESNET else (1, SIDE, SIDE)


def mlp(width: int, hidden: int) -> str:
    """Return the name of an MLP with so many hidden layers of one width."""
    return "-".join(["mlp", str(SIDE * SIDE), *[str(width)] * hidden, str(CLASSES)])


def step_flops(layers: Sequence[Layer], frozen: int = 0) -> int:
    """Count the floating-point operations of one sample's step: forward, and what is needed back.

    The gradient of a layer's input is needed if a layer below it is trained.

    Parameters
    ----------
    frozen : how many layers are frozen, from the bottom
    """
    total = 0
    for position, layer in enumerate(layers):
        passes = 1 + (position >= frozen) + (position > frozen)
        total += passes * layer.flops
    return total


def _convolutions(*given: tuple[int, int, int, int, bool]) -> tuple[Convolution, ...]:
    layers: list[Convolution] = []
    side = SIDE
    for numbers in given:
        layers.append(Convolution(*numbers, side))
        side = layers[-1].side_after
    return tuple(layers)


def _linear(*sizes: int) -> tuple[Linear, ...]:
    pairs = list(pairwise(sizes))
    return tuple(
        Linear(*pair, relu=place < len(pairs)) for place, pair in enumerate(pairs, start=1)
    )
