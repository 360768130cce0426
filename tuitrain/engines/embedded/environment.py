"""What the bits of a run depend on besides its scenario."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import llvmlite.binding as llvm

_PACKAGES = ("tuitrain", "numpy", "numba", "llvmlite")


def environment() -> dict[str, str]:
    """Return versions and the machine's features, by name, as text."""
    features = llvm.get_host_cpu_features()
    return {
        "python": platform.python_version(),
        **{name: _version(name) for name in _PACKAGES},
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": llvm.get_host_cpu_name(),
        "cpu_features": " ".join(sorted(name for name, has in features.items() if has)),
        "blas_threads": "1",
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
