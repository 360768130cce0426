# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The environment of a run in PyTorch: all that its bits depend on, apart from its scenario."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import torch


def environment() -> dict[str, str]:
    """Return versions and the machine's features, by name, as text."""
    return {
        "python": platform.python_version(),
        **{name: _version(name) for name in ("tuitrain", "numpy")},
        "torch": str(torch.__version__),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "threads": str(torch.get_num_threads()),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
