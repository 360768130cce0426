"""Clipping of gradients inside the recorded step, with the bits of `optimizer.clip`."""

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
from .actions import Phase
from .plan import Plan


@dataclass(frozen=True, slots=True, eq=False)
class Clipping:
    """How gradients are clipped before the updates.

    Attributes
    ----------
    mode : "norm" scales all gradients together; "value" clips each element
    limit : above 0; see `clip_grad_norm` and `clip_grad_value`
    parameters : in the order in which their norms are added; those that are not trained are ignored
    """

    mode: Literal["norm", "value"]
    limit: float
    parameters: Sequence[Parameter]

    def apply(self) -> None:
        """Clip the parameters' gradients now, in the eager tier."""
        clip = clip_grad_norm if self.mode == "norm" else clip_grad_value
        clip(self.parameters, self.limit)

    @property
    def plan_key(self) -> Hashable:
        """The parameters of planned clipping that its calls depend on, apart from the limit."""
        return self.mode, tuple(self.parameters)


class GradientNorms:
    """The sums of squares of gradients as a part of a plan.

    Attributes
    ----------
    totals : float64, one for each gradient
    """

    def __init__(self, plan: Plan, gradients: Sequence[Array]) -> None:
        count = len(gradients)
        lanes = plan.memory.scratch(("lanes", count), (count, gradient_norms.LANES), np.float64)
        self.totals = plan.memory.scratch(("totals", count), (count,), np.float64)
        call, kernel, phase = plan.actions.call, gradient_norms.square_sums(), Phase.MEASURE
        for gradient, row in zip(gradients, lanes, strict=True):
            arguments = gradient, gradient.size, row
            call(kernel, *arguments, total=gradient_norms.LANES, granule=16, phase=phase)
        call(gradient_norms.sum_lane_rows(), lanes, self.totals, total=count, phase=phase)


class PlannedClipping:
    """Clipping as a part of a plan."""

    def __init__(
        self,
        plan: Plan,
        clipping: Clipping,
        gradients: Sequence[Array],
        norms: GradientNorms | None,
    ) -> None:
        self._limit = np.zeros(1, np.float64)
        self._factor = np.zeros(1, np.float32)
        if clipping.mode == "value":
            self._plan_clipping(plan, gradient_norms.clamp(), gradients)
            return
        assert norms is not None
        totals = norms.totals
        arguments = totals, len(totals), self._limit, self._factor
        plan.actions.call_once(gradient_norms.clip_factor(), *arguments, phase=Phase.CLIP)
        self._plan_clipping(plan, gradient_norms.scale(), gradients)

    def bind(self, clipping: Clipping) -> None:
        """Set the limit of the coming steps."""
        self._limit[0] = clipping.limit
        self._factor[0] = min(clipping.limit, float(np.finfo(np.float32).max))

    def _plan_clipping(self, plan: Plan, kernel: Kernel, gradients: Sequence[Array]) -> None:
        for gradient in gradients:
            chunks = -(-gradient.size // gradient_norms.CHUNK_SIZE)
            arguments = gradient, self._factor, gradient.size
            plan.actions.call(kernel, *arguments, total=chunks, phase=Phase.CLIP)


def kernels() -> list[Kernel]:
    """Return every kernel that clipping may call."""
    return [
        *(
            gradient_norms.square_sums(),
            gradient_norms.sum_lane_rows(),
            gradient_norms.clip_factor(),
        ),
        *(gradient_norms.scale(), gradient_norms.clamp()),
    ]
