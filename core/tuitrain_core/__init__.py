"""A small framework for training networks: tensors, autodiff, layers, optimizers, data.

It knows nothing of screens, runs or the application's files. Operations are checked and run one by
one, on NumPy arrays, with compiled loops where NumPy has no fast word for something.
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

# The function takes the place of the module of the same name among the package's attributes,
# because users write `tensor(values)`. The module stays importable:
# `from tuitrain_core.tensor import Tensor`.
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
