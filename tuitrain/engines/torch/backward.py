# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Observation of backward passes: the losses that a script minimizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import torch

_OBSERVERS: Final[list[Callable[[torch.Tensor], None]]] = []
_BACKWARD: Final = torch.Tensor.backward


def observe_backward(observer: Callable[[torch.Tensor], None]) -> Callable[[], None]:
    """Call a function with each tensor whose ``backward`` was called; returns what ends it.

    ``Tensor.backward`` is replaced while there is an observer.
    """
    if not _OBSERVERS:
        torch.Tensor.backward = _observed_backward  # type: ignore[method-assign, assignment]
    _OBSERVERS.append(observer)

    def end() -> None:
        if observer in _OBSERVERS:
            _OBSERVERS.remove(observer)
            if not _OBSERVERS:
                torch.Tensor.backward = _BACKWARD

    return end


def _observed_backward(tensor: torch.Tensor, *arguments: Any, **named: Any) -> None:
    _BACKWARD(tensor, *arguments, **named)
    for observer in _OBSERVERS:
        observer(tensor)
