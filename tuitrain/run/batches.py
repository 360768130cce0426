"""The number of samples in each step: the last batch of an epoch may be smaller."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Batches:
    """The batches of an epoch.

    Attributes
    ----------
    size : samples in a full batch
    samples : samples in an epoch
    per_epoch : batches in an epoch, 1 or more
    """

    size: int
    samples: int
    per_epoch: int

    def samples_until(self, step: int) -> int:
        """Return the number of samples in the first ``step`` steps."""
        epochs, rest = divmod(step, self.per_epoch)
        return epochs * self.samples + rest * self.size

    def mean_loss(self, losses: Sequence[float], step: int) -> float:
        """Return the mean loss per sample over the steps before ``step``.

        NaN if a loss is not finite, or there is none.
        """
        if not losses or not all(map(math.isfinite, losses)):
            return math.nan
        weights = self._weights(step - len(losses), step)
        return math.fsum(map(float.__mul__, losses, weights)) / math.fsum(weights)

    def _weights(self, first: int, end: int) -> list[float]:
        """Return each step's weight, 1 for a full batch, so that equal batches need no rounding."""
        last_size = self.samples - (self.per_epoch - 1) * self.size
        steps = range(first + 1, end + 1)
        return [last_size / self.size if step % self.per_epoch == 0 else 1.0 for step in steps]


EQUAL_BATCHES: Final = Batches(1, 1, 1)
"""Batches of equal size: all steps have the same weight."""
