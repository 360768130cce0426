"""Clipping of gradients as a part of the recorded step; its bits are those of `optimizer.clip`."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...native.optim import gradient_norms
from ...native.runtime.library import Kernel
from ...ops.base import Array
from ...optimizer import clip_grad_norm, clip_grad_value
from ...tensor import Parameter
from .plan import Phase, Plan


@dataclass(frozen=True, slots=True, eq=False)
class Clipping:
    """How gradients are cut down before the updates.

    Attributes
    ----------
    by : all together, to a ``norm``, or each ``value`` by itself
    limit : above 0; see `clip_grad_norm` and `clip_grad_value`
    parameters : in the order in which their norms are added up; what is not trained is left out
    """

    mode: Literal["norm", "value"]
    limit: float
    parameters: Sequence[Parameter]

    def apply(self) -> None:
        """Do it now, in the eager tier, with the gradients that the parameters have."""
        how = clip_grad_norm if self.mode == "norm" else clip_grad_value
        how(self.parameters, self.limit)

    @property
    def plan_key(self) -> Hashable:
        """What planned clipping depends on, besides the limit."""
        return self.mode, tuple(map(id, self.parameters))


class GradientNorms:
    """The sums of squares of gradients, float64, as a part of a plan.

    Attributes
    ----------
    totals : one for each gradient
    """

    def __init__(self, plan: Plan, gradients: Sequence[Array]) -> None:
        lanes = plan.scratch(
            ("lanes", len(gradients)), (len(gradients), gradient_norms.LANES), np.float64
        )
        self.totals = plan.scratch(("totals", len(gradients)), (len(gradients),), np.float64)
        kernel, phase = gradient_norms.square_sums(), Phase.MEASURE
        for gradient, row in zip(gradients, lanes, strict=True):
            given = gradient, gradient.size, row
            plan.call(kernel, *given, total=gradient_norms.LANES, granule=16, phase=phase)
        plan.call(
            gradient_norms.sum_lane_rows(), lanes, self.totals, total=len(gradients), phase=phase
        )


class PlannedClipping:
    """The place of clipping in a plan."""

    def __init__(
        self, plan: Plan, clip: Clipping, gradients: Sequence[Array], measured: GradientNorms | None
    ) -> None:
        self._limit = np.zeros(1, np.float64)
        self._number = np.zeros(1, np.float32)
        if clip.mode == "value":
            self._cut_down(plan, gradient_norms.clamp(), gradients)
            return
        assert measured is not None
        totals = measured.totals
        given = totals, len(totals), self._limit, self._number
        plan.whole(gradient_norms.clip_factor(), *given, phase=Phase.CLIP)
        self._cut_down(plan, gradient_norms.scale(), gradients)

    def bind(self, clip: Clipping) -> None:
        """Take the limit of the steps that come."""
        self._limit[0] = clip.limit
        self._number[0] = min(clip.limit, float(np.finfo(np.float32).max))

    def _cut_down(self, plan: Plan, kernel: Kernel, gradients: Sequence[Array]) -> None:
        for gradient in gradients:
            chunks = -(-gradient.size // gradient_norms.CHUNK_SIZE)
            given = gradient, self._number, gradient.size
            plan.call(kernel, *given, total=chunks, phase=Phase.CLIP)


def kernels() -> list[Kernel]:
    """Return all that clipping may call."""
    return [
        *(
            gradient_norms.square_sums(),
            gradient_norms.sum_lane_rows(),
            gradient_norms.clip_factor(),
        ),
        *(gradient_norms.scale(), gradient_norms.clamp()),
    ]
