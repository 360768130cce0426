"""Shapes: flattening, reshaping, transposition, joining, splitting, repeating."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import CoreError, ShapeError
from ..ops import joining, shape
from ..ops.checks import as_sizes, at_least_1, is_whole
from ..ops.checks import axis as resolve_axis
from ..tensor import Tensor, apply
from .inputs import as_tensor


def flatten(inp: Tensor, start_axis: int = 0, end_axis: int = -1) -> Tensor:
    """Merge the axes from ``start_axis`` to ``end_axis``, both included, into one.

    ``flatten(images, 1)`` makes (N, C · H · W) of (N, C, H, W).

    Raises
    ------
    ShapeError : there are no such axes, or the first is after the last
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


def swapaxes(inp: Tensor, axis1: int, axis2: int) -> Tensor:
    """Exchange two axes."""
    x = as_tensor(inp)
    order = list(range(x.ndim))
    one, other = (_axis("swapaxes", x, axis) for axis in (axis1, axis2))
    order[one], order[other] = order[other], order[one]
    return x.transpose(tuple(order))


def squeeze(inp: Tensor, axis: int | Sequence[int] | None = None) -> Tensor:
    """Remove axes of size 1: all of them, or those that ``axis`` names.

    Raises
    ------
    ShapeError : a named axis has another size
    """
    x = as_tensor(inp)
    named = None if axis is None else [_axis("squeeze", x, a) for a in as_sizes("axis", axis)]
    if named and any(x.shape[i] != 1 for i in named):
        raise ShapeError(f"squeeze: an axis of {axis} in the shape {x.shape} does not have size 1")
    kept = [n for i, n in enumerate(x.shape) if (n != 1 if named is None else i not in named)]
    return x.reshape(tuple(kept))


def expand_dims(inp: Tensor, axis: int | Sequence[int]) -> Tensor:
    """Add axes of size 1, at the places in the result that ``axis`` names."""
    x, places = as_tensor(inp), as_sizes("axis", axis)
    total = x.ndim + len(places)
    if any(not -total <= place < total for place in places):
        raise ShapeError(f"expand_dims: a result of {total} axes has no place {axis}")
    named = {place % total for place in places}
    sizes = iter(x.shape)
    return x.reshape(tuple(1 if i in named else next(sizes) for i in range(total)))


def broadcast_to(inp: Tensor, shape: int | Iterable[int]) -> Tensor:
    """Return copies of the elements along new axes and axes of size 1.

    Raises
    ------
    ShapeError : the input cannot be broadcast to the shape
    """
    sizes = as_sizes("the shape", tuple(shape) if isinstance(shape, Iterable) else shape)
    return apply(joining.BroadcastTo(sizes), as_tensor(inp))


def concat(inps: Iterable[Tensor], axis: int = 0, device: str | None = None) -> Tensor:
    """Join tensors one after the other along an axis.

    Raises
    ------
    ShapeError : their other sizes differ
    CoreError : there is no tensor
    """
    tensors = [as_tensor(inp) for inp in inps]
    if not tensors:
        raise CoreError("concat: needs at least one tensor, but was given none")
    return apply(joining.Concat(axis), *tensors)


def stack(inps: Iterable[Tensor], axis: int = 0, device: str | None = None) -> Tensor:
    """Join tensors of one shape along a new axis."""
    tensors = [as_tensor(inp) for inp in inps]
    if len({inp.shape for inp in tensors}) > 1:
        raise ShapeError(f"stack: the shapes differ: {[inp.shape for inp in tensors]}")
    return concat([expand_dims(inp, axis) for inp in tensors], axis)


def split(inp: Tensor, nsplits_or_sections: int | Iterable[int], axis: int = 0) -> list[Tensor]:
    """Cut a tensor along an axis.

    Parameters
    ----------
    inp : tensor
    nsplits_or_sections : number of parts, the first of which may be longer by one; or the
        positions of the cuts
    axis : axis to cut

    Raises
    ------
    ShapeError : there is no such axis
    CoreError : the number of parts is not at least 1
    """
    x = as_tensor(inp)
    place = _axis("split", x, axis)
    size = x.shape[place]
    if is_whole(nsplits_or_sections):
        at_least_1("split", nsplits_or_sections=nsplits_or_sections)
        parts = np.array_split(np.arange(size), nsplits_or_sections)  # type: ignore[call-overload]
        ends = np.cumsum([len(part) for part in parts]).tolist()
    else:
        ends = [*map(int, nsplits_or_sections), size]  # type: ignore[arg-type]
    front = (slice(None),) * place
    return [x[(*front, slice(a, b))] for a, b in zip([0, *ends[:-1]], ends, strict=True)]


def tile(inp: Tensor, reps: int | Iterable[int]) -> Tensor:
    """Repeat the whole tensor along each axis, as often as ``reps`` says."""
    x = as_tensor(inp)
    repeats = as_sizes("reps", tuple(reps) if isinstance(reps, Iterable) else reps)
    missing = len(repeats) - x.ndim
    if missing > 0:
        x = x.reshape((1,) * missing + x.shape)
    return apply(joining.Tile((1,) * -missing + repeats if missing < 0 else repeats), x)


def repeat(inp: Tensor, repeats: int, axis: int | None = None) -> Tensor:
    """Repeat each element along an axis; by default those of the flat tensor."""
    x = as_tensor(inp)
    return apply(
        joining.Repeat(repeats, 0 if axis is None else axis), x.flatten() if axis is None else x
    )


def roll(
    inp: Tensor, shift: int | Sequence[int], axis: int | Sequence[int] | None = None
) -> Tensor:
    """Move elements along axes; those that leave at one end come in at the other.

    Without an axis the flat tensor is moved, and keeps its shape.
    """
    x = as_tensor(inp)
    if axis is None:
        return roll(x.flatten(), shift, 0).reshape(x.shape)
    for distance, place in zip(as_sizes("shift", shift), as_sizes("axis", axis), strict=True):
        index = _axis("roll", x, place)
        cut = -distance % x.shape[index] if x.shape[index] else 0
        if cut:
            front = (slice(None),) * index
            x = concat([x[(*front, slice(cut, None))], x[(*front, slice(0, cut))]], index)
    return x


def pad(
    src: Tensor,
    pad_width: tuple[tuple[int, int], ...],
    mode: str = "constant",
    constant_value: float = 0.0,
) -> Tensor:
    """Add elements at both ends of the axes.

    Parameters
    ----------
    src : tensor
    pad_width : for each axis, or for the first ones: numbers of elements before and after
    mode : "constant", "replicate" (the elements at the edge) or "reflect"
    constant_value : value of new elements

    Raises
    ------
    CoreError : the mode is unknown
    ShapeError : there are more pairs than axes
    """
    widths = tuple(tuple(as_sizes("pad_width", pair)) for pair in pad_width)
    return apply(joining.Pad(widths, mode, float(constant_value)), as_tensor(src))  # type: ignore[arg-type]


def copy(inp: Tensor, device: str | None = None) -> Tensor:
    """Return a copy through which gradients flow."""
    return as_tensor(inp) * 1


def meshgrid(*inputs: Tensor, indexing: str = "xy") -> list[Tensor]:
    """Return the coordinates of a grid, one tensor for each input of one axis."""
    arrays = [as_tensor(inp).numpy() for inp in inputs]
    return [Tensor(grid, grid.dtype) for grid in np.meshgrid(*arrays, indexing=indexing)]  # type: ignore[call-overload]


def _axis(name: str, x: Tensor, axis: Any) -> int:
    """Return an axis counted from the front."""
    return resolve_axis(name, np.broadcast_to(np.zeros(()), x.shape), axis)
