"""Sums over the samples of a batch, in portions that threads share.

How a batch is cut into portions depends on nothing but its size, and they are added up in order. So
a sum has the same bits for any number of threads. A thread reads the samples that it wrote itself;
for a part of the sum over all of them it would read those of the others too, out of their caches.
With two threads this takes 12 % from LeNet's step, and up to a third from that of larger images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...native.linalg import linear
from ...native.runtime.library import Kernel
from ...ops.base import Array
from .call import Argument
from .memory import address, padded_stride, row_stride
from .plan import Phase, Plan

MAX_PARTS = 4
MIN_SAMPLES = 16
MAX_FLOATS = 1 << 16
"""What all portions' sums may hold: 256 KiB, a fraction of a second-level cache."""

PartArguments = Callable[[slice, Array], tuple[Argument, ...]]
"""The arguments of a kernel that sums some samples to a target."""


def count_parts(rows: int, size: int) -> int:
    """Return into how many portions so many samples are cut whose sum has so many floats."""
    fit = max(1, min(MAX_PARTS, rows // MIN_SAMPLES, MAX_FLOATS // size))
    return 1 << (fit.bit_length() - 1)  # threads, mostly two, then have as much to do


def _samples(rows: int, count: int) -> Iterator[slice]:
    each = -(-rows // count)
    for first in range(0, rows, each):
        yield slice(first, min(first + each, rows))


def plan_sum(
    plan: Plan, kernel: Kernel, given: PartArguments, target: Array, total: int, granule: int = 1
) -> None:
    """Plan a sum over the samples of the batch.

    Parameters
    ----------
    given : the kernel's arguments for a portion
    target : where the sum goes, without gaps
    total, granule : the units of work of one portion; see `Call`
    """
    count = count_parts(plan.rows, target.size)
    if count == 1:
        everything = given(slice(0, plan.rows), target)
        plan.call(kernel, *everything, total=total, granule=granule, phase=Phase.WEIGHT_GRAD)
        return
    parts = plan.scratch(("portions", address(target)), (MAX_PARTS, padded_stride(target.size)))
    for number, samples in enumerate(_samples(plan.rows, count)):
        share, part = (number, count), given(samples, parts[number])
        units = {"total": total, "granule": granule}
        plan.call(kernel, *part, **units, phase=Phase.WEIGHT_GRAD, waits=not number, share=share)
    add = linear.bias_gradient(target.size, row_stride(parts))
    plan.call(add, parts, target, count, total=target.size, granule=16, phase=Phase.WEIGHT_GRAD)
