# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Statistics of a tensor where it is: from another device, only the results are copied."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Final

import torch

from ..array_statistics import (
    BINS,
    FIRST_VALUES,
    as_counts,
    bin_scale,
    describe_array,
    no_statistics,
    statistics_from_sums,
    unit_of,
)
from ..views import ArrayStatistics
from .arrays import local_part, to_numbers

_CHUNK: Final = 1 << 20
"""Elements that are read together: their copies take 24 MB of the device."""


def describe_tensor(tensor: torch.Tensor) -> ArrayStatistics:
    """Describe a tensor of any shape; see `describe_array`.

    For a sharded tensor, describe the part of this process.

    A tensor on a GPU that has no memory left is copied, and so is one on another device.
    """
    part = local_part(tensor.detach())
    if part.is_cuda:
        with suppress(torch.OutOfMemoryError):
            return describe_on_device(part)
    return describe_array(to_numbers(part))


def describe_on_device(tensor: torch.Tensor) -> ArrayStatistics:
    """Describe a tensor by operations of its device."""
    with torch.no_grad():
        flat = tensor.reshape(-1)
        first: tuple[float, ...] = tuple(flat[:FIRST_VALUES].tolist())
        finite, (low, high) = flat, _extremes(flat)
        if not (math.isfinite(low) and math.isfinite(high)):  # NaN and inf are extremes, too
            finite = flat[torch.isfinite(flat)]
            low, high = _extremes(finite)
        size = finite.numel()
        non_finite = flat.numel() - size
        if not size:
            return no_statistics(non_finite, first)
        unit = unit_of(low, high)
        sums = _sums(finite, low, high, unit)
        return statistics_from_sums(low, high, unit, size, *sums, non_finite, first)


def _extremes(flat: torch.Tensor) -> tuple[float, float]:
    if not flat.numel():
        return math.nan, math.nan
    low, high = torch.stack(torch.aminmax(flat)).tolist()
    return low, high


def _sums(
    flat: torch.Tensor, low: float, high: float, unit: float
) -> tuple[float, float, tuple[int, ...]]:
    """Return the sum of the distances from ``low``, that of their squares, and the histogram."""
    sums = torch.zeros(2, dtype=torch.float64, device=flat.device)
    counts = torch.zeros(BINS + 1, dtype=torch.int64, device=flat.device)
    scale = bin_scale(low, high, unit)
    for part in flat.split(_CHUNK):
        distances = part.double() / unit - low / unit
        sums += torch.stack((distances.sum(), distances.dot(distances)))
        # Not `histc`, which deterministic algorithms refuse.
        counts += torch.bincount(distances.mul_(scale).long(), minlength=BINS + 1)
    counts[BINS - 1] += counts[BINS]  # the highest value
    total, squares = sums.tolist()
    return total, squares, as_counts(counts[:BINS].tolist(), low, high)
