"""State dictionaries of modules: arrays by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import StateError
from ..tensor import Tensor

Array = np.ndarray[Any, Any]


def copy_arrays(tensors: Mapping[str, Tensor]) -> dict[str, Array]:
    """Return a copy of each tensor's values."""
    return {name: tensor.numpy().copy() for name, tensor in tensors.items()}


def load_arrays(
    tensors: Mapping[str, Tensor], values: Mapping[str, Any], strict: bool
) -> list[str]:
    """Overwrite tensors by the arrays of their names; see `Module.load_state_dict`."""
    missing = [name for name in tensors if name not in values]
    unexpected = [name for name in values if name not in tensors]
    arrays = {name: np.asarray(values[name]) for name in tensors if name in values}
    problems = [_problem(name, tensors[name], array) for name, array in arrays.items()]
    if strict:
        problems += [f"missing: {name} {tensors[name].shape}" for name in missing]
        problems += [f"unexpected: {name}" for name in unexpected]
    problems = [problem for problem in problems if problem]
    if problems:
        raise StateError("the state does not fit the module:\n  " + "\n  ".join(problems))
    for name, array in arrays.items():
        tensors[name].numpy()[...] = array
    return missing + unexpected


def _problem(name: str, tensor: Tensor, array: Array) -> str:
    if array.dtype.kind not in "fiub":
        return f"not numbers: {name} is {array.dtype}"
    if array.shape != tensor.shape:
        return f"wrong shape: {name} is {array.shape}, the module's is {tensor.shape}"
    return ""
