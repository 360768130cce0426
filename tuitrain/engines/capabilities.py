"""The capabilities of an engine beyond training, declared so that it can be checked before use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from tuitrain.errors import RefusedError


class Capability(Enum):
    """A feature that an engine may lack; the value names it in messages."""

    EVALUATION = "metrics on a test set"
    """`Trainable.evaluate` measures; without it the results are NaN."""
    REWIND = "going back to an earlier step"
    """After `Stateful.load_state`, the steps that followed the state are repeated bit for bit."""
    LR_SWEEP = "trying learning rates"
    """The engine can train steps on a branch and drop them."""
    PREVIEW = "a preview of the next update"
    """`Steerable.preview` works."""
    DEAD_UNITS = "counting dead units"
    """`Inspectable.count_dead_units` and `PendingStep.count_dead_units` work."""
    NETWORK_TREE = "the network as a tree"
    """`Inspectable.inspect_network` works."""
    BATCH = "the samples of a batch"
    """`Inspectable.inspect_batch` works."""
    CONFUSION = "predictions and confusions"
    """`Inspectable.inspect_batch` shows predictions and the results on the test set."""
    PYTHON_EXPORT = "saving a run as a Python program"
    """`Steerable.held_modules` works, and the model is one of `tuitrain_core`."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The capabilities of an engine.

    Attributes
    ----------
    offered : what the engine can do
    reasons : for each capability that it lacks, why, in one sentence
    """

    offered: frozenset[Capability] = frozenset(Capability)
    reasons: Mapping[Capability, str] = field(default_factory=dict[Capability, str])

    def __contains__(self, capability: Capability) -> bool:
        return capability in self.offered

    def __iter__(self) -> Iterator[Capability]:
        return iter(self.offered)

    def missing(self, capability: Capability) -> str:
        """Return why the engine lacks a capability; "" if it has it."""
        if capability in self.offered:
            return ""
        return self.reasons.get(capability, f"this engine does not offer {capability.value}")

    def require(self, capability: Capability) -> None:
        """Check that the engine has a capability.

        Raises
        ------
        RefusedError : it lacks it; the message is `missing`
        """
        if reason := self.missing(capability):
            raise RefusedError(reason)


EVERY_CAPABILITY = Capabilities()
"""All capabilities."""
