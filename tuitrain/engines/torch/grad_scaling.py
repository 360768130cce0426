# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Scaled gradients: what a `GradScaler` leaves to optimizers that unscale for themselves."""

from __future__ import annotations

import torch


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
