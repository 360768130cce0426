"""Activation functions as modules."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from ..ops import checks
from ..tensor import Parameter, Tensor
from .base import Module


class ReLU(Module):
    """max(x, 0); see `functional.relu`."""

    def forward(self, inp: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.relu(inp)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, inp: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.tanh(inp)


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    def forward(self, inp: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.sigmoid(inp)


class Softmax(Module):
    """exp x / Σ exp x along an axis; see `functional.softmax`.

    Parameters
    ----------
    axis : axis of the sum; default: see `functional.softmax`
    """

    def __init__(self, axis: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis

    def forward(self, inp: Tensor) -> Tensor:
        """Return the softmax, of the input's shape."""
        return F.softmax(inp, self.axis)

    def extra_repr(self) -> str:
        """Return the axis."""
        return f"axis={self.axis}"


class GELU(Module):
    """x · Φ(x); see `functional.gelu`.

    Parameters
    ----------
    approximate : use the approximation with tanh
    """

    def __init__(self, approximate: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.approximate = approximate

    def forward(self, inp: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.gelu(inp, self.approximate)

    def extra_repr(self) -> str:
        """Return the form, if it is not the exact one."""
        return "approximate=True" if self.approximate else ""


class SiLU(Module):
    """x · sigmoid(x); see `functional.silu`."""

    def forward(self, inp: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.silu(inp)


class LeakyReLU(Module):
    """x above 0, and a multiple of it below; see `functional.leaky_relu`.

    Parameters
    ----------
    negative_slope : factor below 0
    """

    def __init__(self, negative_slope: float = 0.01, **options: Any) -> None:
        super().__init__(**options)
        self.negative_slope = negative_slope

    def forward(self, inp: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.leaky_relu(inp, self.negative_slope)

    def extra_repr(self) -> str:
        """Return the slope."""
        return f"{self.negative_slope}"


class PReLU(Module):
    """x above 0, and a trained multiple of it below; see `functional.prelu`.

    Parameters
    ----------
    num_parameters : 1, or the number of channels
    init : initial slope

    Attributes
    ----------
    weight : (1,), or (1, C, 1, 1) for channels

    Raises
    ------
    CoreError : the number is not a whole number of at least 1
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, **options: Any) -> None:
        super().__init__(**options)
        checks.at_least_1("PReLU", num_parameters=num_parameters)
        self.num_parameters = num_parameters
        shape = (1,) if num_parameters == 1 else (1, num_parameters, 1, 1)
        self.weight = Parameter(np.full(shape, init, np.float32))

    def forward(self, inp: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.prelu(inp, self.weight)

    def extra_repr(self) -> str:
        """Return the number of slopes."""
        return f"{self.num_parameters}"
