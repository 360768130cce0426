# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Reading the tensors of a batch for viewers, and the classes that a network predicts for it."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from ...class_results import confidence, predict
from ...loops.batch_entries import MAX_PICTURES
from ...state import Array, read_only
from ..arrays import local_part, to_numbers


@contextmanager
def plain_functions() -> Generator[None]:
    """Compute inside without gradients, and unseen by modes that observe the functions of torch."""
    with torch._C.DisableTorchFunction(), torch.no_grad():
        yield


class BatchReader:
    """Reads tensors of PyTorch, and arrays of NumPy; see `TensorReader`."""

    def is_tensor(self, value: Any) -> bool:
        """Whether a value is a tensor or an array."""
        return isinstance(value, torch.Tensor | np.ndarray)

    def kind(self, tensor: Any) -> str:
        """Return the dtype."""
        return str(tensor.dtype).removeprefix("torch.")

    def shape(self, tensor: Any) -> tuple[int, ...]:
        """Return the shape."""
        try:
            return tuple(tensor.shape)
        except RuntimeError:  # as of a nested tensor
            return ()

    def rows(self, tensor: Any, count: int) -> Array:
        """Return the first rows as numbers."""
        return _numbers(tensor[:count])

    def first(self, tensor: Any, count: int) -> Array:
        """Return at most ``count`` of its first values."""
        return _numbers(_flat(tensor, count)[:count])

    def sample(self, tensor: Any, count: int) -> Array:
        """Return at most ``count`` of its values, at equal distances where they are contiguous."""
        flat = _flat(tensor, count)
        return _numbers(flat[:: max(1, -(-len(flat) // count))])


def _flat(tensor: Any, count: int) -> Any:
    """Return the values (n,) without a copy; else at least ``count`` of the first, if it has them.

    Of a tensor that is not contiguous, all values would be a copy.
    """
    is_torch = isinstance(tensor, torch.Tensor)
    plain = local_part(tensor) if is_torch else tensor
    if not (plain.is_contiguous() if is_torch else plain.flags.c_contiguous):
        plain = plain[: -(-count * len(plain) // math.prod(plain.shape))]
    return plain.reshape(-1)


def _numbers(values: Any) -> Array:
    return to_numbers(values) if isinstance(values, torch.Tensor) else np.asarray(values)


def predictions_of(output: Any, count: int, labels: Array | None) -> tuple[Array, Array] | None:
    """Return the predicted classes of the first samples, and their softmax.

    Parameters
    ----------
    output : of the network: scores (N, K), or an object that has them as ``logits``
    count : N
    labels : the classes (n,) of the first samples

    Returns
    -------
    classes, confidence : int and float (n,); None where the output is of another form
    """
    scores = getattr(output, "logits", output)
    if isinstance(scores, tuple | list) and scores:
        scores = scores[0]
    if not isinstance(scores, torch.Tensor) or not scores.is_floating_point():
        return None
    if scores.ndim != 2 or scores.shape[0] != count or scores.shape[1] < 2:
        return None
    if labels is None or labels.min() < 0 or labels.max() >= scores.shape[1]:
        return None
    numbers = to_numbers(scores[:MAX_PICTURES])
    return read_only(predict(numbers)), read_only(confidence(numbers))
