# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""A step before its update, with numbers that all ranks have in common."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ....pending_step import PendingStep
from ....views import LayerUnits
from .channel import Channel


@dataclass(frozen=True, slots=True)
class CommonStep:
    """The values that a breakpoint reads, the same on every rank; see `PendingStep`.

    Attributes
    ----------
    loss : the mean of the ranks' losses; not finite if one of them is not
    leader_loss : the loss of rank 0
    non_finite : a parameter whose gradient is not finite on some rank, or ""
    """

    loss: float
    leader_loss: float
    previous_losses: Sequence[float]
    non_finite: str
    norms: Mapping[str, float]

    @property
    def group_names(self) -> Sequence[str]:
        """The groups' names, in order."""
        return list(self.norms)

    def find_non_finite(self) -> str:
        """Return a parameter whose gradient is not finite on some rank, or ""."""
        return self.non_finite

    def grad_norm(self, group: str) -> float:
        """Return the norm of a group's gradient; 0.0 if there is no such group."""
        return self.norms.get(group, 0.0)

    def count_dead_units(self) -> Sequence[LayerUnits]:
        """Return nothing: the outputs of the layers of a script are not measured."""
        return ()


def agree_on_step(step: PendingStep, channel: Channel) -> CommonStep:
    """Return the numbers of a step that all ranks have in common: one all-reduce.

    The losses and gradients that are not finite are counted apart from the sums, because a sum of
    an infinity and its opposite is NaN.
    """
    is_leader = channel.rank == 0
    name = step.find_non_finite()
    leader_loss = step.loss if is_leader else 0.0
    loss_sum, leader_loss, count = channel.add([step.loss, leader_loss, float(bool(name))])
    norms = {group: step.grad_norm(group) for group in step.group_names}
    elsewhere = "a gradient of another rank" if count else ""
    mean = loss_sum / channel.size if math.isfinite(loss_sum) else loss_sum
    return CommonStep(mean, leader_loss, step.previous_losses, name or elsewhere, norms)
