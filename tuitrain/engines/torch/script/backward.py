# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Backward passes: the losses of a script, and gradients that a `GradScaler` has scaled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import torch

from tuitrain.errors import RefusedError

_OBSERVERS: Final[list[Callable[[torch.Tensor], None]]] = []
_START_OBSERVERS: Final[list[Callable[[], None]]] = []
_BACKWARD: Final = torch.Tensor.backward
_SCALE: Final = torch.amp.GradScaler.scale
_UNSCALED: Final = "_tuitrain_unscaled"
"""The attribute of a scaled loss that has the loss itself."""


def observe_backward(observer: Callable[[torch.Tensor], None]) -> Callable[[], None]:
    """Call a function with each tensor whose ``backward`` was called; returns what ends it.

    Of a loss that a `GradScaler` has scaled it is the loss itself. ``Tensor.backward`` and
    ``GradScaler.scale`` are replaced while there is an observer.
    """
    if not _OBSERVERS:
        torch.Tensor.backward = _observed_backward  # type: ignore[method-assign, assignment]
        torch.amp.GradScaler.scale = _observed_scale  # type: ignore[method-assign, assignment]
    _OBSERVERS.append(observer)

    def end() -> None:
        if observer in _OBSERVERS:
            _OBSERVERS.remove(observer)
            if not _OBSERVERS:
                torch.Tensor.backward = _BACKWARD
                torch.amp.GradScaler.scale = _SCALE

    return end


def observe_start(observer: Callable[[], None]) -> Callable[[], None]:
    """Call a function before each observed ``backward``; returns what ends it."""
    _START_OBSERVERS.append(observer)

    def end() -> None:
        if observer in _START_OBSERVERS:
            _START_OBSERVERS.remove(observer)

    return end


def _observed_backward(tensor: torch.Tensor, *arguments: Any, **named: Any) -> None:
    for start in _START_OBSERVERS:
        start()
    _BACKWARD(tensor, *arguments, **named)
    loss = getattr(tensor, _UNSCALED, tensor)
    for observer in _OBSERVERS:
        observer(loss)


def _observed_scale(scaler: torch.amp.GradScaler, outputs: Any) -> Any:
    scaled = _SCALE(scaler, outputs)
    if isinstance(outputs, torch.Tensor) and scaled is not outputs:
        setattr(scaled, _UNSCALED, outputs)
    return scaled


def is_skipped(optimizer: torch.optim.Optimizer) -> bool:
    """Whether a scaler calls a fused optimizer for a step that it skips: a gradient overflowed."""
    overflow = getattr(optimizer, "found_inf", None)
    return overflow is not None and bool(overflow)


def unscale(optimizer: torch.optim.Optimizer) -> None:
    """Unscale the gradients that a fused optimizer would unscale in its update."""
    scale = getattr(optimizer, "grad_scale", None)
    if scale is None:
        return
    grads = [
        parameter.grad
        for entry in optimizer.param_groups
        for parameter in entry["params"]
        if parameter.grad is not None
    ]
    with torch.no_grad():
        for grad in grads:
            grad.mul_(scale.to(grad.device).reciprocal())
    optimizer.grad_scale = None  # type: ignore[attr-defined]


def unscale_others(
    optimizer: torch.optim.Optimizer, optimizers: Sequence[torch.optim.Optimizer], scaler: Any
) -> None:
    """Unscale the gradients of the other optimizers of a step, to clip them all together.

    Parameters
    ----------
    optimizer : the one that steps; its gradients are unscaled
    scaler : the script's GradScaler; None if it has given none

    Raises
    ------
    RefusedError : a scaler is in use that `watch` was not given
    """
    if len(optimizers) < 2:
        return
    if scaler is None:
        if getattr(optimizer, "found_inf", None) is not None:
            raise RefusedError(
                "clip needs the GradScaler of a loop with several optimizers, whose gradients are "
                "scaled until each has its turn: watch(…, scaler=scaler)"
            )
        return
    for other in optimizers:
        if other is not optimizer:
            with suppress(RuntimeError):  # they are unscaled, or have had their update
                scaler.unscale_(other)
