"""The embedding layer."""

from __future__ import annotations

import numpy as np

from .. import functional as F
from .. import init
from ..ops import checks
from ..tensor import Parameter, Tensor
from .base import Module


class Embedding(Module):
    """Rows of a weight by index; see `functional.nn.embedding`.

    Parameters
    ----------
    num_embeddings : number of rows; an index is below it
    embedding_dim : features of a row

    Attributes
    ----------
    weight : (num_embeddings, embedding_dim), initialized from N(0, 1)

    Raises
    ------
    CoreError : a size is not a whole number of at least 1
    """

    def __init__(self, num_embeddings: int, embedding_dim: int) -> None:
        super().__init__()
        checks.at_least_1("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.weight = Parameter(np.zeros((num_embeddings, embedding_dim), np.float32))
        init.normal_(self.weight)

    def forward(self, inp: Tensor) -> Tensor:
        """Map whole numbers (...) to (..., embedding_dim)."""
        return F.nn.embedding(inp, self.weight)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.num_embeddings}, {self.embedding_dim}"
