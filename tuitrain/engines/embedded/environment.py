"""The environment of a run: all that its bits depend on, apart from its scenario."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import cast

import llvmlite.binding as llvm  # pyright: ignore[reportMissingTypeStubs]

from tuitrain.errors import TuitrainError
from tuitrain_core.errors import CoreError
from tuitrain_core.native import host

_SETTINGS = (
    "NPY_DISABLE_CPU_FEATURES",
    "NPY_ENABLE_CPU_FEATURES",
    "NUMBA_CPU_FEATURES",
    "NUMBA_CPU_NAME",
    "NUMBA_DISABLE_JIT",
    "OPENBLAS_CORETYPE",
)
"""Variables that choose the instructions that NumPy, BLAS and Numba use."""

_PACKAGES = ("tuitrain", "numpy", "numba", "llvmlite")


def check_processor() -> None:
    """Check the variables that name the processor and its tiles, before a model is made.

    Raises
    ------
    TuitrainError : one of them has a value that is not allowed
    """
    try:
        host()
    except CoreError as error:
        raise TuitrainError(str(error)) from None


def environment() -> dict[str, str]:
    """Return versions and the machine's features, by name, as text."""
    features = cast(Mapping[str, bool], llvm.get_host_cpu_features())
    target = host()
    return {
        "python": platform.python_version(),
        **{name: _version(name) for name in _PACKAGES},
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": llvm.get_host_cpu_name(),
        "cpu_features": " ".join(sorted(name for name, has in features.items() if has)),
        "target_cpu": f"{target.cpu}, {target.lanes} lanes{'' if target.fma else ', no fma'}",
        "blas_threads": "1",
        "settings": " ".join(
            f"{name}={os.environ[name]}" for name in _SETTINGS if name in os.environ
        ),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
