"""Normalization of batches, layers and groups of channels."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .. import functional as F
from ..errors import CoreError, ShapeError
from ..ops import checks
from ..tensor import Parameter, Tensor
from .base import Module


class _BatchNorm(Module):
    """Batch normalization; see `functional.batch_norm`.

    In training mode the layer uses the batch's statistics and updates the running ones. In
    evaluation mode it uses the running ones, and does not change them.

    While ``frozen`` is True the layer uses its running statistics in both modes. Code that freezes
    the layer's parameters sets it, and clears it on thawing; otherwise the output of a frozen layer
    would still change. ``freeze`` does the same, and belongs to the user: while it is True,
    ``frozen`` is, too.

    Parameters
    ----------
    num_features : C, the number of channels
    eps : added to the variance
    momentum : weight of the old running value, in [0, 1]; PyTorch's momentum is 1 - momentum
    affine : whether there are weight and bias
    track_running_stats : whether there are running statistics; if not, the batch's are always used;
        it may be set later, too
    freeze : whether the running statistics are used in training mode, too, and weight and bias get
        no gradient; may be set later

    Attributes
    ----------
    weight, bias : parameters, initialized to 1 and 0; or None
    running_mean, running_var : buffers, initialized to 0 and 1; or None
    frozen : bool, default False

    Raises
    ------
    CoreError : there is no channel, eps is below 0, or momentum is out of range
    """

    input_axes: ClassVar[tuple[int, ...]]
    trailing: ClassVar[tuple[int, ...]]
    """Axes of size 1 after the channels, so that values per channel broadcast."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.9,
        affine: bool = True,
        track_running_stats: bool = True,
        freeze: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        checks.at_least_1(type(self).__name__, num_features=num_features)
        checks.not_negative(type(self).__name__, "eps", eps)
        checks.unit_interval(type(self).__name__, "momentum", momentum)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self._frozen, self.freeze = False, freeze
        self.affine, self.track_running_stats = affine, track_running_stats
        shape = (1, num_features, *self.trailing) if self.trailing else (num_features,)
        zeros, ones = np.zeros(shape, np.float32), np.ones(shape, np.float32)
        self.weight = Parameter(ones) if affine else None
        self.bias = Parameter(zeros) if affine else None
        self.running_mean = Tensor(zeros.copy()) if track_running_stats else None
        self.running_var = Tensor(ones.copy()) if track_running_stats else None

    def forward(self, inp: Tensor) -> Tensor:
        """Return the normalized input, of the same shape."""
        if inp.ndim not in self.input_axes:
            allowed = " or ".join(map(str, self.input_axes))
            raise ShapeError(
                f"{type(self).__name__}: the input has shape {inp.shape}; it must have "
                f"{allowed} axes"
            )
        tracked = self.track_running_stats
        weight, bias = self.weight, self.bias
        if self.freeze and weight is not None and bias is not None:  # no gradient, as in MegEngine
            weight, bias = weight.detach(), bias.detach()
        return F.nn.batch_norm(
            inp,
            self.running_mean if tracked else None,
            self.running_var if tracked else None,
            weight,
            bias,
            training=self.uses_batch_statistics(),
            momentum=self.momentum,
            eps=self.eps,
        )

    def uses_batch_statistics(self) -> bool:
        """Return whether the batch's statistics are used, and not the running ones."""
        if self.running_mean is None or not self.track_running_stats:
            return True
        return self.training and not self.frozen

    @property
    def frozen(self) -> bool:
        """Whether the running statistics are used in both modes, and not changed."""
        return self._frozen or self.freeze

    @frozen.setter
    def frozen(self, value: bool) -> None:
        self._frozen = value

    def extra_repr(self) -> str:
        """Return the number of channels, eps and momentum."""
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"


class BatchNorm1d(_BatchNorm):
    """Batch normalization of (N, C) or (N, C, L); values per channel have shape (C,)."""

    input_axes = (2, 3)
    trailing = ()


class BatchNorm2d(_BatchNorm):
    """Batch normalization of (N, C, H, W); values per channel have shape (1, C, 1, 1)."""

    input_axes = (4,)
    trailing = (1, 1)


class LayerNorm(Module):
    """Layer normalization over the last axes; see `functional.nn.layer_norm`.

    Parameters
    ----------
    normalized_shape : sizes of these axes; one number for the last axis
    eps : added to the variance
    affine : whether there are weight and bias

    Attributes
    ----------
    weight, bias : of this shape, initialized to 1 and 0; or None

    Raises
    ------
    CoreError : a size or eps is out of range
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-5,
        affine: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.normalized_shape = checks.as_sizes("normalized_shape", normalized_shape)
        checks.at_least_1("LayerNorm", normalized_shape=min(self.normalized_shape, default=0))
        checks.not_negative("LayerNorm", "eps", eps)
        self.eps, self.affine = eps, affine
        ones = np.ones(self.normalized_shape, np.float32)
        self.weight = Parameter(ones) if affine else None
        self.bias = Parameter(np.zeros_like(ones)) if affine else None

    def forward(self, inp: Tensor) -> Tensor:
        """Return the normalized input, of the same shape."""
        return F.nn.layer_norm(
            inp, self.normalized_shape, self.affine, self.weight, self.bias, self.eps
        )

    def extra_repr(self) -> str:
        """Return the sizes and eps."""
        affine = "" if self.affine else ", affine=False"
        return f"{self.normalized_shape}, eps={self.eps}{affine}"


class GroupNorm(Module):
    """Normalization of groups of channels; see `functional.nn.group_norm`.

    Parameters
    ----------
    num_groups, num_channels : the first divides the second
    eps : added to the variance
    affine : whether there are weight and bias

    Attributes
    ----------
    weight, bias : shape (num_channels,), initialized to 1 and 0; or None

    Raises
    ------
    CoreError : a size or eps is out of range, or the groups do not divide the channels
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        name = type(self).__name__
        checks.at_least_1(name, num_groups=num_groups, num_channels=num_channels)
        checks.not_negative(name, "eps", eps)
        if num_channels % num_groups:
            raise CoreError(f"{name}: {num_groups} groups do not divide {num_channels} channels")
        self.num_groups, self.num_channels = num_groups, num_channels
        self.eps, self.affine = eps, affine
        ones = np.ones(num_channels, np.float32)
        self.weight = Parameter(ones) if affine else None
        self.bias = Parameter(np.zeros_like(ones)) if affine else None

    def forward(self, inp: Tensor) -> Tensor:
        """Return the normalized input, of the same shape."""
        return F.nn.group_norm(inp, self.num_groups, self.affine, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the sizes and eps."""
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}"


class InstanceNorm(GroupNorm):
    """Normalization of each channel of each sample: a group for each channel."""

    def __init__(
        self, num_channels: int, eps: float = 1e-5, affine: bool = True, **options: Any
    ) -> None:
        super().__init__(num_channels, num_channels, eps, affine, **options)


class LocalResponseNorm(Module):
    """Division by the size of neighbouring channels; see `functional.nn.local_response_norm`."""

    def __init__(
        self,
        kernel_size: int = 5,
        k: float = 2.0,
        alpha: float = 1e-4,
        beta: float = 0.75,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.kernel_size, self.k, self.alpha, self.beta = kernel_size, k, alpha, beta

    def forward(self, inp: Tensor) -> Tensor:
        """Return the normalized images, of the same shape."""
        return F.nn.local_response_norm(inp, self.kernel_size, self.k, self.alpha, self.beta)
