# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""A step between its backward pass and its update, as breakpoints read it."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch.nn import Parameter

from ..grouping.computed_step import ComputedStep
from .arrays import local_part
from .optimizers import TorchOptimizer
from .statistics import gradients_of, total_norm


class TorchPendingStep(ComputedStep[Parameter, TorchOptimizer]):
    """Loss and gradients before the update; see `ComputedStep`."""

    def _is_finite(self, parameter: Parameter) -> bool:
        grad = parameter.grad
        return grad is None or bool(torch.isfinite(local_part(grad)).all())

    def _norm(self, parameters: Iterable[Parameter]) -> float:
        return total_norm(gradients_of(parameters))
