"""Functions of neural networks: ``functional.nn``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import numpy as np

from .. import random
from ..absent_names import absent
from ..ops import dropout as dropout_ops
from ..ops import embedding as embedding_ops
from ..ops import linear as linear_ops
from ..tensor import Tensor, apply, wrap
from .activation import (
    gelu,
    hsigmoid,
    hswish,
    leaky_relu,
    logsigmoid,
    logsoftmax,
    prelu,
    relu,
    relu6,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)
from .convolution import conv1d, conv2d, conv_transpose2d
from .inputs import as_floats_like, as_tensor
from .loss import binary_cross_entropy, cross_entropy, hinge_loss, l1_loss, square_loss
from .normalization import (
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    local_response_norm,
    pixel_shuffle,
)
from .pooling import adaptive_avg_pool2d, adaptive_max_pool2d, avg_pool2d, max_pool2d
from .reduction import logsumexp, normalize
from .selection import indexing_one_hot, one_hot
from .shape import flatten, pad

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_max_pool2d",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "cross_entropy",
    "dropout",
    "embedding",
    "flatten",
    "gelu",
    "group_norm",
    "hinge_loss",
    "hsigmoid",
    "hswish",
    "indexing_one_hot",
    "instance_norm",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "local_response_norm",
    "logsigmoid",
    "logsoftmax",
    "logsumexp",
    "max_pool2d",
    "normalize",
    "one_hot",
    "pad",
    "pixel_shuffle",
    "prelu",
    "relu",
    "relu6",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "square_loss",
    "tanh",
]


if not TYPE_CHECKING:  # which knows the names

    def __getattr__(name: str) -> NoReturn:
        raise absent(__name__, name, __all__)


def linear(
    inp: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    compute_mode: str = "default",
) -> Tensor:
    """Return ``inp @ weightᵀ + bias``.

    Parameters
    ----------
    inp : shape (..., in)
    weight : shape (out, in)
    bias : shape (out,), or None
    compute_mode : accepted; products are float32

    Returns
    -------
    Shape (..., out).

    Raises
    ------
    ShapeError : the shapes do not fit together
    CoreError : the dtypes differ; whole numbers are converted to the weight's
    """
    x = as_floats_like(inp, as_tensor(weight))
    operands = (x, weight) if bias is None else (x, weight, bias)
    return apply(linear_ops.Linear(), *map(as_tensor, operands))


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
    return apply(op, x, wrap(keep))
