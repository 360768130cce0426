# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The losses of scenarios by name, with the meaning that they have in the core."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import torch
from torch.nn import functional as F

from tuitrain_core.errors import CoreError
from tuitrain_core.losses import make_loss as check_settings

Loss: TypeAlias = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def cross_entropy(
    outputs: torch.Tensor,
    targets: torch.Tensor,
    label_smooth: float = 0.0,
    class_weights: list[float] | None = None,
) -> torch.Tensor:
    """Return the mean negative log-likelihood; the classes are the second axis, or the last."""
    if outputs.ndim > 2 and outputs.shape[:-1] == targets.shape:
        outputs, targets = outputs.flatten(0, -2), targets.flatten()
    weight = None if class_weights is None else outputs.new_tensor(class_weights)
    return F.cross_entropy(outputs, targets, weight, label_smoothing=label_smooth)


def _as_outputs(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return targets.to(outputs.dtype).reshape(outputs.shape)


def square_loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean of (outputs - targets)²."""
    return F.mse_loss(outputs, _as_outputs(outputs, targets))


def l1(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean of |outputs - targets|."""
    return F.l1_loss(outputs, _as_outputs(outputs, targets))


def binary_cross_entropy(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean negative log-likelihood of targets from 0 to 1; outputs are logits."""
    return F.binary_cross_entropy_with_logits(outputs, _as_outputs(outputs, targets))


def hinge(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean of max(0, 1 - targets · outputs)."""
    return torch.relu(1 - _as_outputs(outputs, targets) * outputs).mean()


LOSSES: Final[Mapping[str, Loss]] = {
    "cross_entropy": cross_entropy,
    "square_loss": square_loss,
    "l1": l1,
    "binary_cross_entropy": binary_cross_entropy,
    "hinge": hinge,
}


@dataclass(frozen=True)
class NamedLoss:
    """A loss by name, with its settings."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the loss of outputs for targets."""
        return LOSSES[self.name](outputs, targets, **self.settings)


def make_loss(name: str, settings: Mapping[str, Any]) -> NamedLoss:
    """Return a loss with its settings.

    Raises
    ------
    CoreError : the loss has no such setting, or a value is not allowed
    """
    if name not in LOSSES:
        raise CoreError(f"no loss is called {name!r}")
    check_settings(name, **settings)
    return NamedLoss(name, dict(settings))
