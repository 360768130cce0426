"""Activation functions, and softmax."""

from __future__ import annotations

from ..ops import activation
from ..ops import softmax as normalized
from ..tensor import Tensor, apply
from .inputs import as_tensor


def relu(inp: Tensor) -> Tensor:
    """Return max(x, 0) of each element; NaN stays NaN. The gradient at 0 is 0."""
    return apply(activation.ReLU(), as_tensor(inp))


def tanh(inp: Tensor) -> Tensor:
    """Return the hyperbolic tangent of each element."""
    return apply(activation.Tanh(), as_tensor(inp))


def sigmoid(inp: Tensor) -> Tensor:
    """Return 1 / (1 + exp(-x)) of each element."""
    return apply(activation.Sigmoid(), as_tensor(inp))


def gelu(inp: Tensor, approximate: bool = False) -> Tensor:
    """Return x · Φ(x) of each element, Φ being the standard normal distribution function.

    Source: Hendrycks and Gimpel, "Gaussian error linear units", 2016.

    Parameters
    ----------
    inp : tensor of any shape
    approximate : use 0.5 x (1 + tanh(sqrt(2/π) (x + 0.044715 x³))) instead, which differs by less
        than 5e-4 everywhere
    """
    return apply(activation.GELU(approximate), as_tensor(inp))


def softmax(inp: Tensor, axis: int = -1) -> Tensor:
    """Return exp x / Σ exp x, the sum running along ``axis``.

    Raises
    ------
    ShapeError : there is no such axis, or it is empty
    """
    return apply(normalized.Softmax(axis), as_tensor(inp))


def logsoftmax(inp: Tensor, axis: int = -1) -> Tensor:
    """Return the logarithm of `softmax`, computed without overflow.

    Raises
    ------
    ShapeError : there is no such axis, or it is empty
    """
    return apply(normalized.LogSoftmax(axis), as_tensor(inp))
