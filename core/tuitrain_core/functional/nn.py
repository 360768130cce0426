"""Functions of neural networks: ``functional.nn``."""

from __future__ import annotations

import numpy as np

from .. import random
from ..errors import CoreError
from ..ops import dropout as dropout_ops
from ..ops import embedding as embedding_ops
from ..ops import layer_norm as layer_norm_ops
from ..ops import linear as linear_ops
from ..ops import normalization
from ..ops.checks import as_sizes
from ..tensor import Tensor, apply
from .activation import gelu, logsoftmax, relu, sigmoid, softmax, tanh
from .convolution import avg_pool2d, conv2d, max_pool2d
from .inputs import as_tensor
from .loss import cross_entropy, square_loss
from .shape import flatten

__all__ = [
    "avg_pool2d",
    "batch_norm",
    "conv2d",
    "cross_entropy",
    "dropout",
    "embedding",
    "flatten",
    "gelu",
    "layer_norm",
    "linear",
    "logsoftmax",
    "max_pool2d",
    "relu",
    "sigmoid",
    "softmax",
    "square_loss",
    "tanh",
]


def linear(inp: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return ``inp @ weightᵀ + bias``.

    Parameters
    ----------
    inp : shape (..., in)
    weight : shape (out, in)
    bias : shape (out,), or None

    Returns
    -------
    Shape (..., out).

    Raises
    ------
    ShapeError : the shapes do not fit together
    CoreError : the dtypes differ, or are not floating
    """
    operands = (inp, weight) if bias is None else (inp, weight, bias)
    return apply(linear_ops.Linear(), *map(as_tensor, operands))


def batch_norm(
    inp: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    training: bool = False,
    momentum: float = 0.9,
    eps: float = 1e-5,
) -> Tensor:
    """Return (x - mean) / sqrt(var + eps) · weight + bias, for each channel.

    Source: Ioffe and Szegedy, "Batch normalization", 2015.

    Parameters
    ----------
    inp : shape (N, C), (N, C, L) or (N, C, H, W)
    running_mean, running_var : C elements each, in any shape; used when not training (default: 0
        and 1), and updated in place when training
    weight, bias : C elements each, in any shape; default: 1 and 0
    training : normalize by the batch's own mean and biased variance, and update the running ones:
        r ← momentum · r + (1 - momentum) · batch, with the unbiased estimate of the variance
    momentum : weight of the old running value, in [0, 1]; PyTorch's momentum is 1 - momentum
    eps : added to the variance

    Raises
    ------
    ShapeError : sizes differ from C, or a channel has a single value when training
    CoreError : the dtypes differ, or momentum or eps is out of range
    """
    x = as_tensor(inp)
    channels = x.shape[1] if x.ndim > 1 else 0
    zeros, ones = np.zeros(channels, x.dtype), np.ones(channels, x.dtype)
    defaults = (ones, zeros, zeros, ones)
    values = (weight, bias, running_mean, running_var)
    per_channel = [
        as_tensor(default.copy() if value is None else value)
        for value, default in zip(values, defaults, strict=True)
    ]
    if training:
        return apply(normalization.BatchNormTraining(momentum, eps), x, *per_channel)
    return apply(normalization.BatchNormInference(eps), x, *per_channel)


def layer_norm(
    inp: Tensor,
    normalized_shape: int | tuple[int, ...],
    affine: bool = True,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Return (x - mean) / sqrt(var + eps) · weight + bias, by the last axes of each sample.

    Source: Ba, Kiros and Hinton, "Layer normalization", 2016. The variance is the biased one.

    Parameters
    ----------
    inp : shape (..., *normalized_shape)
    normalized_shape : sizes of the last axes, over which mean and variance are computed
    affine : whether weight and bias are applied
    weight, bias : shape ``normalized_shape``; default: 1 and 0
    eps : added to the variance

    Raises
    ------
    ShapeError : the input does not end in these sizes, or weight or bias has another shape
    CoreError : the dtypes differ, eps is below 0, or weight or bias is given without ``affine``
    """
    x = as_tensor(inp)
    op = layer_norm_ops.LayerNorm(as_sizes("normalized_shape", normalized_shape), eps)
    if not affine:
        if weight is not None or bias is not None:
            raise CoreError("layer_norm: weight and bias are not used without affine")
        return apply(op, x)
    if weight is None and bias is None:
        return apply(op, x)
    ones = np.ones(op.sizes, x.dtype) if weight is None else weight
    zeros = np.zeros(op.sizes, x.dtype) if bias is None else bias
    return apply(op, x, as_tensor(ones), as_tensor(zeros))


def embedding(inp: Tensor, weight: Tensor) -> Tensor:
    """Return rows of a weight by index: ``weight[inp]``.

    Parameters
    ----------
    inp : whole numbers from 0 to rows - 1, of any shape (...)
    weight : shape (rows, features)

    Returns
    -------
    Shape (..., features).

    Raises
    ------
    ShapeError : the weight does not have two axes
    CoreError : an index is out of range (names its place), or is not a whole number
    """
    return apply(embedding_ops.Embedding(), as_tensor(inp), as_tensor(weight))


def dropout(inp: Tensor, drop_prob: float, training: bool = True) -> Tensor:
    """Set each element to zero with probability ``drop_prob``, and scale the others to compensate.

    The mask is drawn from the current generator of `random`; it depends on the shape, and not on
    the dtype. Source: Srivastava et al., "Dropout", 2014.

    Parameters
    ----------
    inp : tensor of any shape
    drop_prob : in [0, 1)
    training : if False, the input is returned and nothing is drawn

    Raises
    ------
    CoreError : the probability is out of range, or the dtype is not floating
    """
    x = as_tensor(inp)
    op = dropout_ops.Dropout(drop_prob)
    if not training:
        return x
    keep = random.generator().random(x.shape, dtype=np.float32) >= np.float32(drop_prob)
    return apply(op, x, Tensor(keep))
