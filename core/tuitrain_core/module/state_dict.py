"""State dictionaries of modules: arrays by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import StateError, StateKeyError
from ..tensor import Tensor

Array = np.ndarray[Any, Any]


def copy_arrays(tensors: Mapping[str, Tensor]) -> dict[str, Array]:
    """Return a copy of each tensor's values."""
    return {name: np.array(tensor) for name, tensor in tensors.items()}


def load_arrays(
    tensors: Mapping[str, Tensor], values: Mapping[str, Any], strict: bool
) -> list[str]:
    """Overwrite tensors by the arrays of their names; see `Module.load_state_dict`.

    A tensor with several names takes the array of the first name that is there.
    """
    present = {id(tensor) for name, tensor in tensors.items() if name in values}
    missing = [name for name, tensor in tensors.items() if id(tensor) not in present]
    unexpected = [name for name in values if name not in tensors]
    arrays = {name: np.asarray(values[name]) for name in tensors if name in values}
    problems = [_problem(name, tensors[name], array) for name, array in arrays.items()]
    problems = [problem for problem in problems if problem]
    names: list[str] = []
    if strict:
        names = [f"missing: {name} {tensors[name].shape}" for name in missing]
        names += [f"unexpected: {name}" for name in unexpected]
    if problems or names:
        kind = StateError if problems else StateKeyError
        raise kind("the state does not fit the module:\n  " + "\n  ".join(problems + names))
    for name in reversed(arrays):
        tensors[name].set_value(arrays[name])
    return missing + unexpected


def _problem(name: str, tensor: Tensor, array: Array) -> str:
    if array.dtype.kind not in "fiub":
        return f"not numbers: {name} is {array.dtype}"
    if array.shape != tensor.shape:
        return f"wrong shape: {name} is {array.shape}, the module's is {tensor.shape}"
    return ""
