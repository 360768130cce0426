"""Initial values of parameters: each function overwrites a tensor in place.

Random values come from the current generator of `random`.
"""

from __future__ import annotations

import math

import numpy as np

from . import random
from .errors import CoreError, ShapeError, describe_unknown
from .tensor import Tensor


def fill_(tensor: Tensor, value: float) -> None:
    """Set every element to ``value``."""
    tensor.set_value(np.full(tensor.shape, value, tensor.dtype))


def zeros_(tensor: Tensor) -> None:
    """Set every element to 0."""
    fill_(tensor, 0.0)


def ones_(tensor: Tensor) -> None:
    """Set every element to 1."""
    fill_(tensor, 1.0)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0) -> None:
    """Draw every element from the normal distribution with this mean and standard deviation."""
    values = random.generator().standard_normal(tensor.shape, dtype=tensor.dtype.type)
    tensor.set_value(values * std + mean)


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> None:
    """Draw every element uniformly from [a, b)."""
    values = random.generator().random(tensor.shape, dtype=tensor.dtype.type)
    tensor.set_value(values * (b - a) + a)


def calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """Return the number of inputs of one output of a weight, and of outputs of one input.

    Parameters
    ----------
    tensor : weight of shape (out, in), (out, in / groups, height, width) or, with groups,
        (groups, out / groups, in / groups, height, width)

    Raises
    ------
    ShapeError : the tensor has fewer than two axes
    """
    if tensor.ndim < 2:
        raise ShapeError(f"fan in and fan out need a weight of 2 or more axes, not {tensor.shape}")
    outputs, inputs, *window = tensor.shape[1:] if tensor.ndim == 5 else tensor.shape
    return inputs * math.prod(window), outputs * math.prod(window)


def calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    """Return the number of inputs ("fan_in") or of outputs ("fan_out"); see above.

    Raises
    ------
    CoreError : the mode is unknown
    """
    if mode not in ("fan_in", "fan_out"):
        raise CoreError(f"mode is 'fan_in' or 'fan_out', but was given {mode!r}")
    return calculate_fan_in_and_fan_out(tensor)[mode == "fan_out"]


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the factor that keeps the scale of a signal through a nonlinearity.

    Parameters
    ----------
    nonlinearity : "linear", "conv2d", "sigmoid" (1), "tanh" (5/3), "relu" (sqrt 2) or
        "leaky_relu" (sqrt(2 / (1 + param²)))
    param : slope of the negative side of "leaky_relu", default 0.01

    Raises
    ------
    CoreError : the nonlinearity is unknown; names the nearest
    """
    slope = 0.01 if param is None else param
    gains = {
        "linear": 1.0,
        "conv2d": 1.0,
        "sigmoid": 1.0,
        "tanh": 5.0 / 3.0,
        "relu": math.sqrt(2.0),
        "leaky_relu": math.sqrt(2.0 / (1.0 + slope * slope)),
    }
    if nonlinearity not in gains:
        raise CoreError(f"nonlinearity {describe_unknown(nonlinearity, gains)}")
    return gains[nonlinearity]


def xavier_uniform_(tensor: Tensor, gain: float = 1.0) -> None:
    """Draw from U(-a, a) with a = gain · sqrt(6 / (fan_in + fan_out)).

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", 2010.
    """
    bound = gain * math.sqrt(6.0 / sum(calculate_fan_in_and_fan_out(tensor)))
    uniform_(tensor, -bound, bound)


def xavier_normal_(tensor: Tensor, gain: float = 1.0) -> None:
    """Draw from N(0, std²), std = gain · sqrt(2 / (fan_in + fan_out)); see `xavier_uniform_`."""
    normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(calculate_fan_in_and_fan_out(tensor))))


def msra_uniform_(
    tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu"
) -> None:
    """Draw from U(-bound, bound) with bound = gain · sqrt(3 / fan).

    Source: He et al., "Delving deep into rectifiers", 2015.

    Parameters
    ----------
    tensor : weight to overwrite
    a : slope of the rectifier's negative side, for "leaky_relu"
    mode : "fan_in" keeps the scale of the forward signal, "fan_out" that of the gradient
    nonlinearity : see `calculate_gain`

    Raises
    ------
    CoreError : the mode or the nonlinearity is unknown
    """
    bound = math.sqrt(3.0) * _msra_std(tensor, a, mode, nonlinearity)
    uniform_(tensor, -bound, bound)


def msra_normal_(
    tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu"
) -> None:
    """Draw from N(0, std²) with std = gain / sqrt(fan); see `msra_uniform_`."""
    normal_(tensor, 0.0, _msra_std(tensor, a, mode, nonlinearity))


def _msra_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    return calculate_gain(nonlinearity, a) / math.sqrt(calculate_correct_fan(tensor, mode))
