"""Devices, under MegEngine's names: the processor is the only one."""

from __future__ import annotations

import os

from .errors import CoreError

_PROCESSORS = ("cpu", "xpu", "multithread")
_default = ["cpu0"]


def is_cuda_available() -> bool:
    """Return False."""
    return False


def get_device_count(device_type: str) -> int:
    """Return the number of devices of a type: 0 but for processors."""
    return (os.cpu_count() or 1) if device_type.startswith(_PROCESSORS) else 0


def get_default_device() -> str:
    """Return the name that `set_default_device` was given, "cpu0" at first."""
    return _default[0]


def set_default_device(device: str = "xpux") -> None:
    """Accept a name of the processor.

    Raises
    ------
    CoreError : it names another device
    """
    if not str(device).startswith(_PROCESSORS):
        raise CoreError(f"the processor is the only device ('cpu0'), but was given {device!r}")
    _default[0] = str(device)


def set_prealloc_config(*options: object, **more: object) -> None:
    """Do nothing: memory is allocated when it is needed."""
