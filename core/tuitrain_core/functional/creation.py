"""New tensors of given shapes and values."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import CoreError
from ..ops.checks import as_sizes, at_least_1, is_finite
from ..tensor import Tensor, wrap
from .inputs import as_tensor


def _shape(shape: Any) -> tuple[int, ...]:
    if isinstance(shape, Tensor):
        shape = tuple(shape.tolist()) if shape.ndim else int(shape)
    sizes = as_sizes("the shape", shape)
    if any(n < 0 for n in sizes):
        raise CoreError(f"a shape has sizes of at least 0, but was given {shape!r}")
    return sizes


def full(shape: Any, value: float, *, dtype: Any = None, device: str | None = None) -> Tensor:
    """Return a tensor whose elements are all ``value``.

    Parameters
    ----------
    shape : one size, or a sequence of them
    value : number or boolean
    dtype : default: float32, int32 or bool, as the value is
    device : ignored
    """
    sample = Tensor(value, dtype)
    return wrap(np.full(_shape(shape), sample.item(), sample.dtype))


def zeros(shape: Any, *, dtype: Any = "float32", device: str | None = None) -> Tensor:
    """Return a tensor of zeros; see `full`."""
    return full(shape, 0, dtype=dtype, device=device)


def ones(shape: Any, *, dtype: Any = "float32", device: str | None = None) -> Tensor:
    """Return a tensor of ones; see `full`."""
    return full(shape, 1, dtype=dtype, device=device)


def full_like(inp: Tensor, value: float) -> Tensor:
    """Return a tensor of ``value``, with the shape and dtype of another."""
    x = as_tensor(inp)
    return full(x.shape, value, dtype=x.dtype)


def zeros_like(inp: Tensor) -> Tensor:
    """Return zeros, with the shape and dtype of another tensor."""
    return full_like(inp, 0)


def ones_like(inp: Tensor) -> Tensor:
    """Return ones, with the shape and dtype of another tensor."""
    return full_like(inp, 1)


def eye(
    N: int, M: int | None = None, *, dtype: Any = "float32", device: str | None = None
) -> Tensor:
    """Return a matrix of N rows and M columns (default N) with ones on its diagonal."""
    at_least_1("eye", N=N, M=N if M is None else M)
    return wrap(np.eye(N, M, dtype=dtype))


def arange(
    start: float = 0,
    stop: float | None = None,
    step: float = 1,
    *,
    dtype: Any = "float32",
    device: str | None = None,
) -> Tensor:
    """Return numbers from ``start`` (default 0) up to ``stop``, which is left out.

    Raises
    ------
    CoreError : the step is 0, or a number is not finite
    """
    first, last = (0, start) if stop is None else (start, stop)
    values = [float(value) for value in (first, last, step)]
    if not all(map(is_finite, values)) or values[2] == 0:
        raise CoreError(f"arange: takes finite numbers and a step that is not 0, not {values}")
    return wrap(np.arange(*values).astype(dtype))


def linspace(
    start: float,
    stop: float,
    num: int,
    *,
    dtype: Any = "float32",
    device: str | None = None,
) -> Tensor:
    """Return ``num`` numbers from ``start`` to ``stop``, both included, at equal distances."""
    at_least_1("linspace", num=num)
    return wrap(np.linspace(float(start), float(stop), int(num)).astype(dtype))
