# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Norms of gradients and updates, computed for all tensors together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch.nn import Parameter

from tuitrain_core.optimizer import UpdateStatistics

from .optimizers import TorchOptimizer


def norms(tensors: Sequence[torch.Tensor]) -> list[float]:
    """Return the Euclidean norm of each tensor, with one copy from the device for all."""
    if not tensors:
        return []
    with torch.no_grad():
        sizes = torch._foreach_norm([tensor.detach() for tensor in tensors])
        kind = torch.float64 if sizes[0].dtype == torch.float64 else torch.float32
        return torch.stack([item.to(sizes[0].device, kind) for item in sizes]).tolist()


def total_norm(tensors: Sequence[torch.Tensor]) -> float:
    """Return the norm of all tensors as one vector."""
    return math.hypot(*norms(tensors)) if tensors else 0.0


def gradients_of(parameters: Iterable[Parameter]) -> list[torch.Tensor]:
    """Return the gradients of those parameters that have one."""
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


class UpdateMeasurement:
    """Measures one update: made before it, read after it.

    Parameters
    ----------
    parameters : those that are about to be updated
    """

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self._parameters = [item for item in parameters if item.grad is not None]
        with torch.no_grad():
            self._before = [item.detach().clone() for item in self._parameters]
        self._gradients = norms([item.grad for item in self._parameters if item.grad is not None])

    def finish(self, owners: Mapping[Parameter, TorchOptimizer]) -> None:
        """Write what the update did into the statistics of the optimizers."""
        if not self._parameters:
            return
        with torch.no_grad():
            weights: list[torch.Tensor] = [item.detach() for item in self._parameters]
            changes = norms(torch._foreach_sub(weights, self._before))
        sizes = norms(weights)
        for optimizer in {
            id(item): item for item in map(owners.__getitem__, self._parameters)
        }.values():
            optimizer.statistics = {}
        for parameter, change, size, slope in zip(
            self._parameters, changes, sizes, self._gradients, strict=True
        ):
            owners[parameter].statistics[parameter] = UpdateStatistics(change, size, slope)
