"""The results of a test set, collected batch by batch from outputs and targets.

Memory is kept for a few numbers for each target, and for the outputs of the samples that are shown.
"""

from __future__ import annotations

from typing import Protocol

from tuitrain.errors import RefusedError

from .batch_view import ClassTargets, NumberTargets, Reconstructions
from .state import Array


class Results(Protocol):
    """Collects the batches of a test set, in order."""

    def add(self, outputs: Array, targets: Array) -> None:
        """Add a batch. The arrays may be written over after the call."""
        ...

    def rows(self) -> Array:
        """Return the indices of the samples to show, in order."""
        ...

    def view(self) -> ClassTargets | NumberTargets | Reconstructions:
        """Describe these samples."""
        ...

    def view_of(
        self, outputs: Array, targets: Array
    ) -> ClassTargets | NumberTargets | Reconstructions:
        """Describe other samples, with the same results on the test set."""
        ...


def no_fit(outputs: Array, targets: Array) -> RefusedError:
    """Return the refusal of outputs that do not fit the targets."""
    return RefusedError(
        f"outputs {outputs.shape} do not fit targets {targets.shape}, so that no prediction can be "
        "shown"
    )
