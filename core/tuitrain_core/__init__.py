"""A small framework for training networks: tensors, autodiff, layers, optimizers, data.

It does not depend on the application. Operations run one by one on NumPy arrays; loops that NumPy
does not have are compiled. `compiler` records a training step and runs it natively.
"""

from . import (
    autodiff,
    data,
    digest,
    functional,
    init,
    models,
    module,
    optimizer,
    random,
    schedule,
    threads,
)
from .errors import CoreError, DataError, ShapeError, StateError

# The function replaces the module of the same name as the package's attribute, because users write
# `tensor(values)`. `from tuitrain_core.tensor import Tensor` still imports the module.
from .tensor import Parameter, Tensor, tensor

__all__ = [
    "CoreError",
    "DataError",
    "Parameter",
    "ShapeError",
    "StateError",
    "Tensor",
    "autodiff",
    "data",
    "digest",
    "functional",
    "init",
    "models",
    "module",
    "optimizer",
    "random",
    "schedule",
    "tensor",
    "threads",
]
