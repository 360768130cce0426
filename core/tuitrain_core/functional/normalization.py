"""Normalization: of batches, layers, groups of channels, and neighbouring channels."""

from __future__ import annotations

import numpy as np

from ..errors import CoreError, ShapeError
from ..ops import layer_norm as layer_norm_ops
from ..ops import normalization
from ..ops.checks import as_sizes, at_least_1
from ..tensor import Tensor, apply, wrap
from .elementwise import square
from .inputs import as_tensor
from .shape import pad


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
    inplace: bool = True,
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
    inplace : whether the running statistics are updated in training, else left alone

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
        wrap(default.copy()) if value is None else as_tensor(value)
        for value, default in zip(values, defaults, strict=True)
    ]
    if training:
        for place in (2, 3):
            if inplace:
                per_channel[place].keep_memory()
            else:
                per_channel[place] = per_channel[place].detach()
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
    return apply(
        op, x, *(wrap(v) if isinstance(v, np.ndarray) else as_tensor(v) for v in (ones, zeros))
    )


def group_norm(
    inp: Tensor,
    num_groups: int,
    affine: bool,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalize each sample's groups of channels by their mean and variance.

    Source: Wu and He, "Group normalization", 2018. The variance is the biased one.

    Parameters
    ----------
    inp : shape (N, C, ...)
    num_groups : divides C
    affine : whether weight and bias are applied
    weight, bias : C elements each; default: 1 and 0
    eps : added to the variance

    Raises
    ------
    ShapeError : the channels do not divide into the groups
    """
    x = as_tensor(inp)
    at_least_1("group_norm", num_groups=num_groups)
    if x.ndim < 2 or x.shape[1] % num_groups:
        raise ShapeError(f"group_norm: {num_groups} groups do not divide the shape {x.shape}")
    size = x.shape[1] // num_groups * int(np.prod(x.shape[2:]))
    rows = layer_norm(x.reshape((x.shape[0], num_groups, size)), size, affine=False, eps=eps)
    result = rows.reshape(x.shape)
    if not affine:
        return result
    per_channel = (x.shape[1], *[1] * (x.ndim - 2))
    if weight is not None:
        result = result * as_tensor(weight).reshape(per_channel)
    return result if bias is None else result + as_tensor(bias).reshape(per_channel)


def instance_norm(
    inp: Tensor,
    affine: bool,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalize each channel of each sample: `group_norm` with a group for each channel."""
    x = as_tensor(inp)
    return group_norm(x, x.shape[1], affine, weight, bias, eps)


def local_response_norm(
    inp: Tensor, kernel_size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    """Return x / (k + alpha · Σ x²)^beta, the sum running over neighbouring channels.

    Source: Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional
    neural networks", 2012, section 3.3.

    Parameters
    ----------
    inp : images of shape (N, C, H, W)
    kernel_size : number of neighbouring channels, with the channel itself; odd
    k, alpha, beta : numbers of the formula
    """
    at_least_1("local_response_norm", kernel_size=kernel_size)
    x, reach = as_tensor(inp), kernel_size // 2
    padded = pad(square(x), ((0, 0), (reach, reach)))
    total = padded[:, : x.shape[1]]
    for shift in range(1, kernel_size):
        total = total + padded[:, shift : shift + x.shape[1]]
    return x / (total * alpha + k) ** beta


def pixel_shuffle(inp: Tensor, upscale_factor: int) -> Tensor:
    """Move channels into pixels: (N, C · r², H, W) becomes (N, C, H · r, W · r).

    Raises
    ------
    ShapeError : the channels are not divisible by r²
    """
    x, r = as_tensor(inp), upscale_factor
    at_least_1("pixel_shuffle", upscale_factor=r)
    if x.ndim != 4 or x.shape[1] % (r * r):
        raise ShapeError(f"pixel_shuffle: {r} does not divide the channels of {x.shape}")
    N, C, H, W = x.shape
    blocks = x.reshape((N, C // (r * r), r, r, H, W)).transpose((0, 1, 4, 2, 5, 3))
    return blocks.reshape((N, C // (r * r), H * r, W * r))
