"""A transformer whose tokens are the rows of an image."""

from __future__ import annotations

import math

import numpy as np

from .. import functional as F
from .. import init
from ..errors import CoreError
from ..module import LayerNorm, Linear, Module, Sequential
from ..tensor import Parameter, Tensor


class Attention(Module):
    """Multi-head self-attention: softmax(q kᵀ / √d) v in each head, over all tokens.

    Source: Vaswani et al., "Attention is all you need", 2017, section 3.2.

    Parameters
    ----------
    width : features of a token
    heads : number of heads; divides the width

    Raises
    ------
    CoreError : the width is not divisible by the number of heads
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise CoreError(f"Attention: {width} features do not divide into {heads} heads")
        self.heads = heads
        self.query, self.key = Linear(width, width), Linear(width, width)
        self.value, self.out = Linear(width, width), Linear(width, width)

    def forward(self, inp: Tensor) -> Tensor:
        """Map tokens (N, T, width) to (N, T, width)."""
        size = inp.shape[-1] // self.heads
        split = (*inp.shape[:-1], self.heads, size)
        query = self.query(inp).reshape(split).transpose(0, 2, 1, 3)
        key = self.key(inp).reshape(split).transpose(0, 2, 3, 1)
        value = self.value(inp).reshape(split).transpose(0, 2, 1, 3)
        shares = F.softmax((query @ key) * (1.0 / math.sqrt(size)), -1)
        mixed = (shares @ value).transpose(0, 2, 1, 3)
        return self.out(mixed.reshape(inp.shape))

    def extra_repr(self) -> str:
        """Return the number of heads."""
        return f"heads={self.heads}"


class Block(Module):
    """Pre-norm transformer block: attention, then two layers on each token, with residuals.

    Source: Xiong et al., "On layer normalization in the transformer architecture",
    2020.

    Parameters
    ----------
    width, heads : as for `Attention`; the hidden layer has 4 · width features
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.attention = LayerNorm(width), Attention(width, heads)
        self.norm2, self.fc1 = LayerNorm(width), Linear(width, 4 * width)
        self.fc2 = Linear(4 * width, width)

    def forward(self, inp: Tensor) -> Tensor:
        """Map tokens (N, T, width) to (N, T, width)."""
        x = inp + self.attention(self.norm1(inp))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class Transformer(Module):
    """A classifier whose tokens are the rows of an image. Maps (N, C, H, W) to (N, classes).

    Parameters
    ----------
    shape : C, H, W: there are H tokens of C · W numbers
    classes : number of classes
    width, heads, depth : features of a token, heads of the attention, number of blocks
    """

    def __init__(
        self,
        shape: tuple[int, int, int] = (1, 28, 28),
        classes: int = 10,
        width: int = 64,
        heads: int = 4,
        depth: int = 2,
    ) -> None:
        super().__init__()
        channels, height, pixels = shape
        self.embed = Linear(channels * pixels, width)
        self.position = Parameter(np.zeros((1, height, width), np.float32))
        init.normal_(self.position, std=0.02)
        self.blocks = Sequential(*(Block(width, heads) for _ in range(depth)))
        self.norm = LayerNorm(width)
        self.classifier = Linear(width, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, classes)."""
        samples, channels, height, pixels = images.shape
        rows = images.transpose(0, 2, 1, 3).reshape(samples, height, channels * pixels)
        x = self.blocks(self.embed(rows) + self.position)
        return self.classifier(self.norm(x).mean(1))
