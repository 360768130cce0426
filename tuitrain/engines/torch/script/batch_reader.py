# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Reading the tensors of a batch for viewers, and the classes that a network predicts for it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch

from ...class_results import confidence, predict
from ...loops.array_reader import ArrayReader
from ...loops.batch_entries import MAX_PICTURES
from ...state import Array, read_only
from ..arrays import to_numbers


@contextmanager
def plain_functions() -> Generator[None]:
    """Compute inside without gradients, and unseen by modes that observe the functions of torch."""
    with torch._C.DisableTorchFunction(), torch.no_grad():
        yield


class BatchReader(ArrayReader):
    """Reads tensors of PyTorch, and arrays of NumPy."""

    def is_tensor(self, value: Any) -> bool:
        """Whether a value is a tensor or an array."""
        return isinstance(value, torch.Tensor) or super().is_tensor(value)

    def kind(self, tensor: Any) -> str:
        """Return the dtype."""
        return super().kind(tensor).removeprefix("torch.")

    def shape(self, tensor: Any) -> tuple[int, ...]:
        """Return the shape."""
        try:
            return super().shape(tensor)
        except RuntimeError:  # as of a nested tensor
            return ()

    def numbers(self, tensor: Any) -> Array:
        """Return a tensor as an array, of another device a copy."""
        return to_numbers(tensor) if isinstance(tensor, torch.Tensor) else super().numbers(tensor)

    def is_contiguous(self, tensor: Any) -> bool:
        """Whether all values can be read without a copy."""
        if isinstance(tensor, torch.Tensor):
            return tensor.is_contiguous()
        return super().is_contiguous(tensor)


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
