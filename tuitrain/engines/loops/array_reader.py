"""Reading arrays of NumPy in a batch; see `TensorReader`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..state import Array


class ArrayReader:
    """Reads arrays of NumPy; a reader of other tensors derives from it."""

    def is_tensor(self, value: Any) -> bool:
        """Whether a value is an array."""
        return isinstance(value, np.ndarray)

    def kind(self, tensor: Any) -> str:
        """Return the dtype."""
        return str(tensor.dtype)

    def shape(self, tensor: Any) -> tuple[int, ...]:
        """Return the shape."""
        return tuple(tensor.shape)

    def rows(self, tensor: Any, count: int) -> Array:
        """Return the first rows as numbers."""
        return self.numbers(tensor[:count])

    def first(self, tensor: Any, count: int) -> Array:
        """Return at most ``count`` of its first values."""
        return self.numbers(self._flat(tensor, count)[:count])

    def sample(self, tensor: Any, count: int) -> Array:
        """Return at most ``count`` of its values, at equal distances where they are contiguous."""
        flat = self._flat(tensor, count)
        return self.numbers(flat[:: max(1, -(-len(flat) // count))])

    def numbers(self, tensor: Any) -> Array:
        """Return a tensor as an array."""
        return np.asarray(tensor)

    def is_contiguous(self, tensor: Any) -> bool:
        """Whether all values can be read without a copy."""
        return bool(tensor.flags.c_contiguous)

    def _flat(self, tensor: Any, count: int) -> Any:
        """Return the values (n,); where all would be a copy, those of the first rows.

        They are at least ``count``, or all.
        """
        if not self.is_contiguous(tensor):
            tensor = tensor[: -(-count * len(tensor) // math.prod(tensor.shape))]
        return tensor.reshape(-1)
