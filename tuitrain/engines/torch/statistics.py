# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Norms of gradients and updates, computed for all tensors together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import torch
from torch.nn import Parameter

from tuitrain_core.optimizer import UpdateStatistics

from .arrays import is_sharded, local_part
from .optimizers import TorchOptimizer

MAX_ELEMENTS: Final = 64_000_000
"""Maximum number of elements copied to measure an update; of more, a sample is copied."""

MIN_SAMPLED: Final = 4096
"""A parameter with fewer elements is copied whole."""


def norms(
    tensors: Sequence[torch.Tensor], like: Sequence[torch.Tensor] | None = None
) -> list[float]:
    """Return the Euclidean norm of each tensor, with one copy from the device for all.

    Of sharded tensors it is that of the whole: all processes call this together.

    Parameters
    ----------
    like : the tensors whose parts ``tensors`` are (default: ``tensors``)
    """
    if not tensors:
        return []
    with torch.no_grad():
        sizes = torch._foreach_norm([local_part(tensor.detach()) for tensor in tensors])
        kind = torch.float64 if sizes[0].dtype == torch.float64 else torch.float32
        values = torch.stack([item.to(sizes[0].device, kind) for item in sizes])
        return _over_shards(values, tensors if like is None else like).tolist()


def _over_shards(values: torch.Tensor, like: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the norms of whole tensors from those of their parts.

    There is one sum for each mesh and way to shard, over each dimension that has other parts. The
    group of a mesh of GPUs takes no tensor of the CPU, where offloaded parts are.
    """
    if not any(map(is_sharded, like)):
        return values
    import torch.distributed as dist
    from torch.distributed.tensor import DTensor

    places: dict[Any, list[int]] = {}
    for index, item in enumerate(like):
        if isinstance(item, DTensor):
            places.setdefault((item.device_mesh, item.placements), []).append(index)
    for (mesh, placements), chosen in places.items():
        squares = values[chosen].double().square().to(mesh.device_type)
        for dimension, placement in enumerate(placements):
            if not placement.is_replicate():
                dist.all_reduce(squares, group=mesh.get_group(dimension))
        values[chosen] = squares.sqrt().to(values)
    return values


def total_norm(tensors: Sequence[torch.Tensor]) -> float:
    """Return the norm of all tensors as one vector."""
    return math.hypot(*norms(tensors)) if tensors else 0.0


def gradients_of(parameters: Iterable[Parameter]) -> list[torch.Tensor]:
    """Return the gradients of those parameters that have one."""
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def is_sampled(parameters: Iterable[Parameter]) -> bool:
    """Whether the changes of parameters are measured on a sample of their elements."""
    return sum(item.numel() for item in parameters) > MAX_ELEMENTS


class UpdateMeasurement:
    """Measures one update: made before it, read after it.

    The change of parameters with more than `MAX_ELEMENTS` elements together is estimated from
    evenly spaced elements of each, always the same ones, because it takes a copy. The norms of
    weights and gradients are exact.

    Parameters
    ----------
    parameters : those that are about to be updated
    """

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self._parameters = [item for item in parameters if item.grad is not None]
        total = sum(item.numel() for item in self._parameters)
        self._stride = max(1, math.ceil(total / MAX_ELEMENTS))
        with torch.no_grad():
            self._before = [item.clone() for item in self._samples()]
        self._gradients = norms([item.grad for item in self._parameters if item.grad is not None])

    def finish(self, owners: Mapping[Parameter, TorchOptimizer]) -> None:
        """Write what the update did into the statistics of the optimizers."""
        if not self._parameters:
            return
        with torch.no_grad():
            weights: list[torch.Tensor] = [item.detach() for item in self._parameters]
            differences = torch._foreach_sub(self._samples(), self._before)
            changes = norms(differences, self._parameters)
            changes = [
                change * math.sqrt(local_part(item).numel() / max(1, sample.numel()))
                for change, item, sample in zip(changes, weights, self._before, strict=True)
            ]
        sizes = norms(weights)
        for optimizer in {
            id(item): item for item in map(owners.__getitem__, self._parameters)
        }.values():
            optimizer.statistics = {}
        for parameter, change, size, slope in zip(
            self._parameters, changes, sizes, self._gradients, strict=True
        ):
            owners[parameter].statistics[parameter] = UpdateStatistics(change, size, slope)

    def _samples(self) -> list[torch.Tensor]:
        """Return the elements that are compared, as views."""
        return [
            _every(local_part(item.detach()), self._stride, at)
            for at, item in enumerate(self._parameters)
        ]


def _every(tensor: torch.Tensor, stride: int, seed: int) -> torch.Tensor:
    """Return a view of every ``stride``-th element; all of a tensor with few.

    The stride is made coprime to the last axis, so that all columns are met.
    """
    if stride == 1 or tensor.numel() < MIN_SAMPLED or not tensor.is_contiguous():
        return tensor
    while math.gcd(stride, tensor.shape[-1]) > 1:
        stride += 1
    return tensor.view(-1)[seed % stride :: stride]
