"""The machine and the code of a benchmark run."""

from __future__ import annotations

import os
import platform
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import tuitrain
import tuitrain_core
from tuitrain import __version__
from tuitrain.engines.registry import engine_factory

from .worker import available_cpus

PACKAGES = ("numpy", "numba", "llvmlite", "textual", "torch", "jax", "jaxlib")


def describe_machine() -> dict[str, str]:
    """Return processor, system and package versions as text, by name."""
    core = engine_factory().environment()
    return {
        "cpu": _model() or core["cpu"],
        "cores": str(available_cpus()),
        "features": core["cpu_features"],
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "tuitrain": __version__,
        "python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
    }


def code_digest() -> str:
    """Return a digest of the code of tuitrain and its core, without the benchmark.

    It distinguishes the states of a checkout, which versions do not.
    """
    digest = sha256()
    for package in (tuitrain, tuitrain_core):
        root = Path(str(package.__file__)).parent
        for file in sorted(root.rglob("*.py")):
            if root / "bench" not in file.parents:
                digest.update(f"{file.relative_to(root)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def _model() -> str:
    """Return the processor's model name; "" if it cannot be read."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else ""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
