"""Activation functions, and softmax."""

from __future__ import annotations

from ..ops import activation, unary
from ..ops import softmax as normalized
from ..ops.checks import is_whole
from ..tensor import Tensor, apply
from .elementwise import clip
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


def silu(x: Tensor) -> Tensor:
    """Return x · sigmoid(x) of each element."""
    inp = as_tensor(x)
    return inp * sigmoid(inp)


def relu6(x: Tensor) -> Tensor:
    """Return min(max(x, 0), 6) of each element."""
    return clip(x, 0.0, 6.0)


def hsigmoid(x: Tensor) -> Tensor:
    """Return relu6(x + 3) / 6 of each element."""
    return apply(unary.Unary("hsigmoid"), as_tensor(x))


def hswish(x: Tensor) -> Tensor:
    """Return x · relu6(x + 3) / 6 of each element."""
    return apply(unary.Unary("hswish"), as_tensor(x))


def softplus(inp: Tensor) -> Tensor:
    """Return log(1 + exp x) of each element, computed without overflow."""
    return apply(unary.Unary("softplus"), as_tensor(inp))


def logsigmoid(inp: Tensor) -> Tensor:
    """Return log sigmoid(x) of each element, computed without overflow."""
    return -softplus(-as_tensor(inp))


def leaky_relu(inp: Tensor, negative_slope: float = 0.01) -> Tensor:
    """Return x above 0, and ``negative_slope`` · x below, of each element.

    The gradient at 0 is the slope. Computed as slope · x + (1 - slope) · relu(x), whose parts have
    kernels.
    """
    x = as_tensor(inp)
    return x * negative_slope + relu(x) * (1.0 - negative_slope)


def prelu(x: Tensor, y: Tensor) -> Tensor:
    """Return x above 0, and y · x below, of each element; the gradient at 0 is 0.

    Parameters
    ----------
    x : shape (N, C, ...)
    y : slopes: one element, or C of them, one for each channel
    """
    inp, slope = as_tensor(x), as_tensor(y)
    if slope.size != 1 and inp.ndim > 2:
        slope = slope.reshape((slope.size, *[1] * (inp.ndim - 2)))
    return relu(inp) - relu(-inp) * slope


def softmax(inp: Tensor, axis: int | None = None) -> Tensor:
    """Return exp x / Σ exp x, the sum running along ``axis``.

    Parameters
    ----------
    inp : tensor of any shape
    axis : default: 0 for tensors of one or three axes, else 1, as in MegEngine

    Raises
    ------
    ShapeError : there is no such axis, or it is empty
    """
    x = as_tensor(inp)
    return apply(normalized.Softmax(_softmax_axis(x, axis)), x)


def logsoftmax(inp: Tensor, axis: int | None = None) -> Tensor:
    """Return the logarithm of `softmax`, computed without overflow.

    Raises
    ------
    ShapeError : there is no such axis, or it is empty
    """
    x = as_tensor(inp)
    return apply(normalized.LogSoftmax(_softmax_axis(x, axis)), x)


def _softmax_axis(x: Tensor, axis: int | None) -> int:
    """Return an axis; the last one by name, so that one value of the graph means one operation."""
    if axis is None:
        axis = 0 if x.ndim in (0, 1, 3) else 1
    return -1 if is_whole(axis) and axis == x.ndim - 1 else axis
