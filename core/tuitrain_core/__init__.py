"""A small framework for training networks: tensors, autodiff, layers, optimizers, data.

It does not depend on the application. Operations run one by one on NumPy arrays; loops that NumPy
does not have are compiled. `compiler` records a training step and runs it natively.

The names are MegEngine's: an ordinary training script runs with only its imports changed;
``docs/reference/megengine.md`` lists the differences.
"""

from typing import Any

from . import (
    amp,
    autodiff,
    data,
    device,
    digest,
    functional,
    init,
    jit,
    logger,
    metrics,
    models,
    module,
    optimizer,
    random,
    schedule,
    serialization,
    threads,
)
from .absent_names import absent
from .device import (
    get_default_device,
    get_device_count,
    is_cuda_available,
    set_default_device,
)
from .errors import (
    CoreError,
    DataError,
    IndexRangeError,
    RecordingError,
    ShapeError,
    StateError,
    StateKeyError,
    UnknownTypeError,
)
from .logger import get_logger, set_log_file, set_log_level
from .serialization import load, save

# The class replaces the module of the same name as the package's attribute, because users write
# `tensor(values)`. `from tuitrain_core.tensor import Tensor` still imports the module.
from .tensor import Parameter, Tensor, tensor

__all__ = [
    "CoreError",
    "DataError",
    "IndexRangeError",
    "Parameter",
    "RecordingError",
    "ShapeError",
    "StateError",
    "StateKeyError",
    "Tensor",
    "UnknownTypeError",
    "amp",
    "autodiff",
    "data",
    "device",
    "digest",
    "functional",
    "get_default_device",
    "get_device_count",
    "get_logger",
    "init",
    "is_cuda_available",
    "jit",
    "load",
    "logger",
    "metrics",
    "models",
    "module",
    "optimizer",
    "random",
    "save",
    "schedule",
    "serialization",
    "set_default_device",
    "set_log_file",
    "set_log_level",
    "tensor",
    "threads",
]


def __getattr__(name: str) -> Any:
    if name != "__version__":
        raise absent(__name__, name, __all__)
    from importlib import metadata  # 30 ms

    try:
        return metadata.version("tuitrain")
    except metadata.PackageNotFoundError:
        return "0"
