"""Flattening, reshaping and transposition."""

from __future__ import annotations

from ..ops import shape
from ..tensor import Tensor, apply
from .inputs import as_tensor


def flatten(inp: Tensor, start_axis: int = 0, end_axis: int = -1) -> Tensor:
    """Merge the axes from ``start_axis`` to ``end_axis``, both included, into one.

    ``flatten(images, 1)`` makes (N, C · H · W) of (N, C, H, W).

    Raises
    ------
    ShapeError : there are no such axes, or the first is behind the last
    """
    return apply(shape.Flatten(start_axis, end_axis), as_tensor(inp))


def reshape(inp: Tensor, target_shape: tuple[int, ...]) -> Tensor:
    """Return the same elements, in order, under another shape; one size may be -1.

    Raises
    ------
    ShapeError : the number of elements differs
    CoreError : the sizes are not whole numbers
    """
    return as_tensor(inp).reshape(target_shape)


def transpose(inp: Tensor, pattern: tuple[int, ...]) -> Tensor:
    """Permute the axes: axis i of the result is axis ``pattern[i]`` of the input.

    Raises
    ------
    ShapeError : the pattern does not name each axis once
    CoreError : the pattern is not whole numbers
    """
    return as_tensor(inp).transpose(pattern)
