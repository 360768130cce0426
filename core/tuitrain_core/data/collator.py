"""Collator: the batch of a list of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from ..errors import ShapeError, UnknownTypeError


class Collator:
    """Joins samples to a batch. Subclasses may define another `apply`."""

    def apply(self, inputs: Sequence[Any]) -> Any:
        """Return a batch of samples that are alike.

        Parameters
        ----------
        inputs : one or more samples

        Returns
        -------
        Arrays and numbers become an array with one more axis, the first. Tuples, lists and
        dictionaries are joined entry by entry, to a list or a dictionary. Texts become a list.

        Raises
        ------
        ShapeError : there is no sample, or their shapes or lengths differ
        UnknownTypeError : samples of this type are not joined
        """
        if not len(inputs):
            raise ShapeError("a batch needs at least one sample")
        first = inputs[0]
        if isinstance(first, np.ndarray | np.generic):
            return _stack(inputs)
        if isinstance(first, bool | int | float):
            return np.array(inputs)
        if isinstance(first, str | bytes):
            return list(inputs)
        if isinstance(first, Mapping):
            keys = list(cast(Mapping[Any, Any], first))
            return {key: self.apply([sample[key] for sample in inputs]) for key in keys}
        if isinstance(first, tuple | list):
            lengths = sorted({len(sample) for sample in inputs})
            if len(lengths) > 1:
                raise ShapeError(f"samples need the same number of parts, but have {lengths}")
            return [self.apply(parts) for parts in zip(*inputs, strict=True)]
        raise UnknownTypeError(
            "samples are arrays, numbers, texts, or tuples, lists and dictionaries of them, "
            f"but one is {type(first).__name__}"
        )


def _stack(arrays: Sequence[Any]) -> Any:
    shapes = sorted({np.shape(array) for array in arrays})
    if len(shapes) > 1:
        raise ShapeError(
            f"samples of a batch need the same shape, but have {', '.join(map(str, shapes))}"
        )
    return np.stack(arrays)
