"""What one update of one parameter did."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UpdateStatistics:
    """What one update of one parameter did, measured in the update's own pass.

    Attributes
    ----------
    update_norm : Euclidean norm of the change as it arrived in memory, after rounding
    weight_norm : norm of the weights after the update
    grad_norm : norm of the gradient as it came, before weight decay
    """

    update_norm: float
    weight_norm: float
    grad_norm: float

    @property
    def relative_update(self) -> float:
        """The change per weight, |Δw| / |w|; infinite where zeros are all there is to divide by."""
        if self.update_norm == 0.0:
            return 0.0
        return self.update_norm / self.weight_norm if self.weight_norm else math.inf
