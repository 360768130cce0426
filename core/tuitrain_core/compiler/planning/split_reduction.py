"""Sums over the samples of a batch, in parts that threads share.

The size of the batch alone decides how many parts a sum has, and the parts are added in order. So
a sum has the same bits for any number of threads. A thread sums the samples that it wrote itself;
if it computed a range of the outputs over all samples, it would read those of other threads out of
their caches. With two threads the parts save 12 % of LeNet's step, and up to a third of the step of
larger images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...native.linalg import linear
from ...native.runtime.library import Kernel
from ...ops.base import Array
from .actions import Phase
from .call import Argument
from .memory import address, padded_stride, row_stride
from .plan import Plan

MAX_PARTS = 4
"""The most parts of a sum: each costs memory, and more threads than that rarely share a step."""

MIN_SAMPLES = 16
"""Samples in the smallest part."""

MAX_FLOATS = 1 << 16
"""Floats in all parts of a sum: 256 KiB, a fraction of a second-level cache."""

PartArguments = Callable[[slice, Array], tuple[Argument, ...]]
"""The arguments of a kernel that sums some samples to a target."""


def count_parts(rows: int, size: int) -> int:
    """Return the number of parts of a sum of ``size`` floats over ``rows`` samples."""
    parts = max(1, min(MAX_PARTS, rows // MIN_SAMPLES, MAX_FLOATS // size))
    return 1 << (parts.bit_length() - 1)  # so that threads, mostly two, have equal shares


def plan_sum(
    plan: Plan,
    kernel: Kernel,
    arguments: PartArguments,
    target: Array,
    total: int,
    granule: int = 1,
) -> None:
    """Plan a sum over the samples of the batch.

    Parameters
    ----------
    arguments : gives the kernel's arguments for a part
    target : the memory of the sum, without gaps
    total, granule : the units of work of one part; see `Call`
    """
    call, phase = plan.actions.call, Phase.WEIGHT_GRAD
    count = count_parts(plan.rows, target.size)
    if count == 1:
        all_samples = arguments(slice(0, plan.rows), target)
        call(kernel, *all_samples, total=total, granule=granule, phase=phase)
        return
    shape = MAX_PARTS, padded_stride(target.size)
    parts = plan.memory.scratch(("portions", address(target)), shape)
    for index, samples in enumerate(_cut_samples(plan.rows, count)):
        call(
            kernel,
            *arguments(samples, parts[index]),
            total=total,
            granule=granule,
            phase=phase,
            barrier_before=index == 0,
            share=(index, count),
        )
    add = linear.bias_gradient(target.size, row_stride(parts))
    call(add, parts, target, count, total=target.size, granule=16, phase=phase)


def _cut_samples(rows: int, count: int) -> Iterator[slice]:
    size = -(-rows // count)
    for first in range(0, rows, size):
        yield slice(first, min(first + size, rows))
