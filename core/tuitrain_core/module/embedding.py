"""The embedding layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from .. import init
from ..errors import CoreError, ShapeError
from ..ops import checks
from ..tensor import Parameter, Tensor
from .base import Module


class Embedding(Module):
    """Rows of a weight by index; see `functional.nn.embedding`.

    Parameters
    ----------
    num_embeddings : number of rows; an index is below it
    embedding_dim : features of a row
    initial_weight : values to copy, instead of random ones
    freeze : whether the weight gets no gradient
    padding_idx, max_norm, norm_type : not supported; None

    Attributes
    ----------
    weight : (num_embeddings, embedding_dim), initialized from N(0, 1) by default

    Raises
    ------
    CoreError : a size is not a whole number of at least 1
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float | None = None,
        initial_weight: Parameter | None = None,
        freeze: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if padding_idx is not None or max_norm is not None or norm_type is not None:
            raise CoreError("Embedding: padding_idx, max_norm and norm_type are not supported")
        checks.at_least_1("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.freeze = freeze
        if initial_weight is None:
            self.weight = Parameter(np.zeros((num_embeddings, embedding_dim), np.float32))
            init.normal_(self.weight)
            return
        self.weight = Parameter(initial_weight)
        if self.weight.shape != (num_embeddings, embedding_dim):
            raise ShapeError(
                f"Embedding: the initial weight has shape {self.weight.shape}, not "
                f"{(num_embeddings, embedding_dim)}"
            )

    def forward(self, inp: Tensor) -> Tensor:
        """Map whole numbers (...) to (..., embedding_dim)."""
        return F.nn.embedding(inp, self.weight.detach() if self.freeze else self.weight)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.num_embeddings}, {self.embedding_dim}"
