"""The multilayer perceptron."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from .. import functional as F
from ..errors import CoreError
from ..module import Linear, Module
from ..tensor import Tensor


class MLP(Module):
    """Fully connected layers with ReLU between them.

    Parameters
    ----------
    sizes : sizes of the input, the hidden layers and the output; the layers are named fc1, fc2,
        ... and classifier

    Raises
    ------
    CoreError : there are fewer than two sizes, or a size is below 1
    """

    def __init__(self, sizes: Sequence[int] = (784, 256, 128, 10)) -> None:
        super().__init__()
        if len(sizes) < 2:
            raise CoreError(f"MLP: at least the input's and the output's size, not {tuple(sizes)}")
        *hidden, last = pairwise(sizes)
        self._hidden = [f"fc{i}" for i in range(1, len(hidden) + 1)]
        for name, (before, after) in zip(self._hidden, hidden, strict=True):
            setattr(self, name, Linear(before, after))
        self.classifier = Linear(*last)

    def forward(self, inp: Tensor) -> Tensor:
        """Map (N, ...), for example images (N, 1, 28, 28) or rows (N, 784), to logits."""
        x = F.flatten(inp, 1)
        for name in self._hidden:
            x = F.relu(getattr(self, name)(x))
        return self.classifier(x)
