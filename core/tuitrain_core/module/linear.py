"""The fully connected layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import functional as F
from .. import init
from ..ops import checks
from ..tensor import Parameter, Tensor
from .base import Module


class Linear(Module):
    """x @ weightᵀ + bias.

    Parameters
    ----------
    in_features, out_features : sizes of the last axis before and after
    bias : whether there is a bias
    compute_mode : accepted; products are float32

    Attributes
    ----------
    weight : (out, in), initialized from N(0, 1 / in)
    bias : (out,), initialized to 0; or None

    Raises
    ------
    CoreError : a size is not a whole number of at least 1
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        compute_mode: str = "default",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.compute_mode = compute_mode
        checks.at_least_1("Linear", in_features=in_features, out_features=out_features)
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(np.zeros((out_features, in_features), np.float32))
        self.bias = Parameter(np.zeros(out_features, np.float32)) if bias else None
        init.normal_(self.weight, 0.0, math.sqrt(1.0 / in_features))

    def forward(self, inp: Tensor) -> Tensor:
        """Map (..., in) to (..., out)."""
        return F.linear(inp, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return the sizes."""
        bias = "" if self.bias is not None else ", bias=False"
        return f"{self.in_features}, {self.out_features}{bias}"
