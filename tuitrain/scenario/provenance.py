"""What a run's model and data are made from, as digests: the data itself, and source files.

A record keeps them, so that a replay can name what has changed since, and a resume is not continued
with something else unnoticed.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tuitrain_core.data import Dataset

_OURS = ("tuitrain_core", "tuitrain")
"""Packages whose version is a part of the environment."""


def provenance(train: Dataset, test: Dataset, modules: Iterable[str]) -> dict[str, str]:
    """Return digests by name of two data sets and of the source files of modules.

    Parameters
    ----------
    modules : names of imported modules; those of tuitrain are left out
    """
    digests = {}
    for name, dataset in (("training", train), ("test", test)):
        digests[f"{name} images"] = _array_digest(dataset.images)
        digests[f"{name} labels"] = _array_digest(dataset.labels)
        numbers = f"{dataset.classes} classes, mean {dataset.mean!r}, std {dataset.std!r}"
        digests[f"{name} data"] = numbers
    for module in sorted(set(modules)):
        if module.partition(".")[0] not in _OURS:
            digests[f"source of {module}"] = source_digest(module)
    return digests


@functools.cache
def source_digest(module: str) -> str:
    """Return the version and the SHA-256 of the source file of an imported module.

    It is computed once in a process: later changes of the file are not loaded either.
    """
    package = module.partition(".")[0]
    try:
        release = f"version {version(package)}, "
    except PackageNotFoundError:
        release = ""
    path = getattr(sys.modules.get(module), "__file__", None)
    try:
        content = Path(path).read_bytes() if path else b""
    except OSError:
        content = b""
    return (
        f"{release}sha256:{hashlib.sha256(content).hexdigest()}" if content else release or "none"
    )


def differences(recorded: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    """Say which recorded values differ from those here, in words."""
    return [
        f"{name}: {here.get(name, 'none')} here, {value} recorded"
        for name, value in sorted(recorded.items())
        if here.get(name, "none") != value
    ]


def _array_digest(array: NDArray) -> str:
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    digest.update(array.data)
    return f"sha256:{digest.hexdigest()}"
