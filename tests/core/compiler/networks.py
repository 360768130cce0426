"""Random networks of every kind of layer, with odd sizes and edge-case data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tuitrain_core import Tensor, random
from tuitrain_core import functional as F
from tuitrain_core.module import (
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    LayerNorm,
    Linear,
    MaxPool2d,
    Module,
)

CLASSES = 4
DATA = (
    "plain", "plain", "plain", "zero", "constant", "constant", "constant channel", "same sample",
    "shifted", "tiny", "huge", "nan", "inf",
)  # fmt: skip
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "tanh": F.tanh,
    "sigmoid": F.sigmoid,
    "gelu": F.gelu,
    "gelu of tanh": lambda x: F.gelu(x, True),
}


class Activation(Module):
    """An activation function, by name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, x: Tensor) -> Tensor:
        return ACTIVATIONS[self.name](x)


class Residual(Module):
    """The sum of the input and the output of some layers."""

    def __init__(self, *layers: Module) -> None:
        super().__init__()
        self.layers = list(layers)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for layer in self.layers:
            y = layer(y)
        return y + x


class Attention(Module):
    """Tokens, mixed by their similarity."""

    def forward(self, x: Tensor) -> Tensor:
        return F.softmax((x @ x.transpose(0, 2, 1)) * 0.3, -1) @ x


class Tokens(Module):
    """Reshapes an image to one token for each channel."""

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], x.shape[1], -1)


class Flatten(Module):
    """Reshapes each sample to a row."""

    def forward(self, x: Tensor) -> Tensor:
        return F.flatten(x, 1)


class Softmax(Module):
    """The softmax of rows."""

    def forward(self, x: Tensor) -> Tensor:
        return F.softmax(x, -1)


class Mean(Module):
    """The mean of pixels, or of tokens."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3)) if x.ndim == 4 else x.mean(1)


class Network(Module):
    """Layers one after another."""

    def __init__(self, layers: list[Module]) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


@dataclass
class Problem:
    """A network with a batch.

    Attributes
    ----------
    data : the kind of data, one of `DATA`
    """

    net: Network
    images: np.ndarray
    labels: np.ndarray
    data: str

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the cross entropy."""
        return F.loss.cross_entropy(self.net(x), y)


class _NetworkDrawing:
    """Draws layers one after another, and tracks the shape."""

    def __init__(self, seed: int) -> None:
        self.draw = np.random.default_rng(seed)
        self.layers: list[Module] = []
        # One eps for all norm layers. Behind a layer with an eps, values without variance are
        # rounding errors, which differ between the tiers; a layer without an eps would scale them.
        self.eps = float(self.draw.choice([0.0, 1e-5, 1e-3]))

    def below(self, end: int, start: int = 1) -> int:
        return int(self.draw.integers(start, end))

    def chance(self, share: float) -> bool:
        return bool(self.draw.random() < share)

    def activation(self) -> Module:
        return Activation(str(self.draw.choice(list(ACTIVATIONS))))

    def dropout(self) -> Module:
        return Dropout(float(self.draw.choice([0.1, 0.5])))

    def images(self, channels: int, height: int, width: int) -> tuple[int, int, int]:
        """Add layers of images, and return the shape behind them."""
        for _ in range(self.below(6)):
            kind = self.below(8, 0)
            if kind <= 1:
                window, out = self.below(min(4, height + 1, width + 1)), self.below(20)
                stride, padding = self.below(3), self.below(window, 0)
                self.layers.append(Conv2d(channels, out, window, stride=stride, padding=padding))
                channels = out
                height, width = ((n + 2 * padding - window) // stride + 1 for n in (height, width))
            elif kind == 2:
                self.layers.append(BatchNorm2d(channels, self.eps, affine=self.chance(0.7)))
            elif kind == 3 and min(height, width) > 1:
                window, stride = 2, self.below(3)
                padding = self.below(2, 0)
                pool = MaxPool2d if self.chance(0.6) else AvgPool2d
                self.layers.append(pool(window, stride, padding))
                height, width = ((n + 2 * padding - window) // stride + 1 for n in (height, width))
            elif kind == 4:
                inner = [Conv2d(channels, channels, 1), BatchNorm2d(channels, self.eps)]
                self.layers += [Residual(*inner), Activation("relu")]
            elif kind == 5:
                self.layers.append(self.dropout())
            else:
                self.layers.append(self.activation())
        return channels, height, width

    def tokens(self, count: int, features: int) -> int:
        """Add layers of tokens, and return their features."""
        for _ in range(self.below(4)):
            kind = self.below(5, 0)
            if kind == 0:
                self.layers.append(Attention())
            elif kind == 1:
                self.layers.append(LayerNorm(features, self.eps, affine=self.chance(0.7)))
            elif kind == 2:
                out = self.below(20)
                self.layers.append(Linear(features, out))
                features = out
            elif kind == 3:
                self.layers.append(LayerNorm((count, features), self.eps, affine=False))
            else:
                self.layers.append(self.activation())
        return features

    def rows(self, features: int) -> None:
        """Add layers of rows, and the last one."""
        for _ in range(self.below(5, 0)):
            kind = self.below(6, 0)
            if kind == 0:
                out = self.below(36)
                self.layers.append(Linear(features, out))
                features = out
            elif kind == 1:
                self.layers.append(BatchNorm1d(features, self.eps, affine=self.chance(0.7)))
            elif kind == 2:
                self.layers.append(LayerNorm(features, self.eps, affine=self.chance(0.7)))
            elif kind == 3:
                self.layers.append(self.dropout())
            elif kind == 4:
                self.layers.append(Softmax())
            else:
                self.layers.append(self.activation())
        self.layers.append(Linear(features, CLASSES))


def problem(seed: int) -> Problem:
    """Draw a network and a batch for it."""
    drawing = _NetworkDrawing(seed)
    shape = (drawing.below(4), drawing.below(9, 2), drawing.below(9, 2))
    rows, data = drawing.below(9, 4), str(drawing.draw.choice(DATA))
    with random.scope(random.make_generator(seed)):
        channels, height, width = drawing.images(*shape)
        if drawing.chance(0.3):
            drawing.layers.append(Tokens())
            features = drawing.tokens(channels, height * width)
            drawing.layers.append(Mean())
        elif drawing.chance(0.4):
            drawing.layers.append(Mean())
            features = channels
        else:
            drawing.layers.append(Flatten())
            features = channels * height * width
        drawing.rows(features)
    images = _data(data, (rows, *shape), drawing.draw)
    labels = drawing.draw.integers(0, CLASSES, rows).astype(np.int32)
    return Problem(Network(drawing.layers), images, labels, data)


def _data(kind: str, shape: tuple[int, ...], draw: np.random.Generator) -> np.ndarray:
    images = draw.standard_normal(shape).astype(np.float32)
    value = np.float32(draw.uniform(-3, 3))
    match kind:
        case "zero":
            images[...] = 0.0
        case "constant":
            images[...] = value
        case "constant channel":
            images[:, 0] = value
        case "same sample":
            images[...] = images[:1]
        case "shifted":
            images += np.float32(1e4)
        case "tiny":
            images *= np.float32(1e-30)
        case "huge":
            images *= np.float32(1e30)
        case "nan" | "inf":
            images[0, -1, 0, -1] = np.float32(kind)
    return images
