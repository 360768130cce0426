"""Transformers: one whose tokens are the rows of an image, and one that reads characters."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from .. import functional as F
from .. import init
from ..errors import CoreError
from ..module import Embedding, LayerNorm, Linear, Module, Sequential
from ..tensor import Parameter, Tensor

HIDDEN: Final = -1e9
"""A score whose share is 0 after the softmax."""


class Attention(Module):
    """Multi-head self-attention: softmax(q kᵀ / √d) v in each head, over all tokens.

    Source: Vaswani et al., "Attention is all you need", 2017, section 3.2.

    Parameters
    ----------
    width : features of a token
    heads : number of heads; divides the width
    causal : whether a token attends to itself and earlier tokens only

    Raises
    ------
    CoreError : the width is not divisible by the number of heads
    """

    def __init__(self, width: int, heads: int, causal: bool = False) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise CoreError(f"Attention: {width} features do not divide into {heads} heads")
        self.heads, self.causal = heads, causal
        self.query, self.key = Linear(width, width), Linear(width, width)
        self.value, self.out = Linear(width, width), Linear(width, width)

    def forward(self, inp: Tensor) -> Tensor:
        """Map tokens (N, T, width) to (N, T, width)."""
        size = inp.shape[-1] // self.heads
        split = (*inp.shape[:-1], self.heads, size)
        query = self.query(inp).reshape(split).transpose(0, 2, 1, 3)
        key = self.key(inp).reshape(split).transpose(0, 2, 3, 1)
        value = self.value(inp).reshape(split).transpose(0, 2, 1, 3)
        scores = (query @ key) * (1.0 / math.sqrt(size))
        if self.causal:
            scores = scores + _later_tokens(inp.shape[1])
        shares = F.softmax(scores, -1)
        mixed = (shares @ value).transpose(0, 2, 1, 3)
        return self.out(mixed.reshape(inp.shape))

    def extra_repr(self) -> str:
        """Return the number of heads."""
        return f"heads={self.heads}" + (", causal" if self.causal else "")


def _later_tokens(count: int) -> Tensor:
    """Return what is added to the scores (T, T): -1e9 where a token would attend to a later one."""
    return Tensor(np.triu(np.full((count, count), HIDDEN, np.float32), 1))


class Block(Module):
    """Pre-norm transformer block: attention, then two layers on each token, with residuals.

    Source: Xiong et al., "On layer normalization in the transformer architecture",
    2020.

    Parameters
    ----------
    width, heads, causal : as for `Attention`; the hidden layer has 4 · width features
    """

    def __init__(self, width: int, heads: int, causal: bool = False) -> None:
        super().__init__()
        self.norm1, self.attention = LayerNorm(width), Attention(width, heads, causal)
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


class CharTransformer(Module):
    """A language model: predicts the token after each one, from it and those before it.

    Maps tokens (N, T) to logits (N, T, tokens), of the token that follows each.

    Parameters
    ----------
    tokens : number of different tokens
    length : T
    width, heads, depth : features of a token, heads of the attention, number of blocks
    """

    def __init__(
        self, tokens: int, length: int, width: int = 64, heads: int = 4, depth: int = 2
    ) -> None:
        super().__init__()
        self.embed = Embedding(tokens, width)
        self.position = Parameter(np.zeros((1, length, width), np.float32))
        init.normal_(self.embed.weight, std=0.02)
        init.normal_(self.position, std=0.02)
        self.blocks = Sequential(*(Block(width, heads, causal=True) for _ in range(depth)))
        self.norm = LayerNorm(width)
        self.classifier = Linear(width, tokens)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (N, T) to logits (N, T, tokens)."""
        x = self.blocks(self.embed(tokens) + self.position)
        return self.classifier(self.norm(x))
