"""The role of an engine whose network can be inspected at a step boundary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from .batch_view import BatchView, InspectBatch, StepBatchView
from .inspection import NetworkView
from .state import Array
from .views import FrozenCache, LayerUnits, ParameterView


class Inspectable(Protocol):
    """Shows values, gradients and the network. Nothing here affects the training."""

    @property
    def fallback_reason(self) -> str:
        """Why steps are taken on a slower path, operation by operation; "" if they are not."""
        ...

    @property
    def frozen_cache(self) -> FrozenCache | None:
        """The cached outputs of the frozen layers at the bottom; None if nothing is frozen.

        Also None while no step has run since a freeze or a thaw, and in engines that keep nothing.
        """
        ...

    def parameters(self) -> Mapping[str, Array]:
        """Return every parameter by name, read-only; values are valid until the next step.

        A value may be live memory, or a copy made on access.
        """
        ...

    def gradient(self, parameter: str) -> Array | None:
        """Return the gradient of the last step, read-only, or None where none was computed."""
        ...

    def inspect_parameter(self, parameter: str) -> ParameterView | None:
        """Describe one parameter in full; None if no parameter has that name."""
        ...

    def count_dead_units(self) -> Sequence[LayerUnits]:
        """Count the dead units of each layer that a ReLU follows, in the batch of the next step.

        Frozen layers are counted too. Costs a forward pass. Needs `Capability.DEAD_UNITS`.
        """
        ...

    def inspect_network(self) -> NetworkView:
        """Describe the network as a tree, and where its gradient flows with the present freezes.

        Units are not counted. The first call costs a forward pass. Needs `Capability.NETWORK_TREE`.
        """
        ...

    def inspect_batch(self, request: InspectBatch) -> BatchView | StepBatchView:
        """Show samples with the network's predictions, and its confusions on the test set.

        Costs an evaluation. Without `Capability.CONFUSION` it shows the batch of a step, whichever
        samples are requested. Needs `Capability.BATCH`.
        """
        ...

    def source_modules(self) -> Iterable[str]:
        """Yield the names of the Python modules that define the model."""
        ...
