"""The interface between a run and whatever does the training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from tuitrain.commands import AnyCommand

from .inspection import BatchView, InspectBatch, NetworkView
from .state import Array, EngineState
from .views import GroupView, LayerUnits, OptimizerChoice, ParameterView


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a command did.

    Attributes
    ----------
    changed : False when the command was sound but everything already was as it asks
    message : one sentence that says what is so now
    """

    changed: bool
    message: str


@dataclass(frozen=True, slots=True)
class HoldCondition:
    """What somebody who may hold steps waits for: other steps are not worth the question.

    Attributes
    ----------
    finite : a loss or a gradient that is not finite
    loss_times : a loss above so many times the mean of the finite ones among the last
        ``average_over``, if ``average_least`` of them are; None: it is not compared
    before : the losses of the last steps before the run, the latest at the end
    grad_norms : the norm of a group's gradient above a limit, by the group's name
    """

    non_finite: bool = False
    loss_factor: float | None = None
    average_window: int = 0
    min_finite_losses: int = 0
    previous_losses: Sequence[float] = ()
    grad_norms: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_active(self) -> bool:
        """Whether there is anything that it waits for."""
        return self.non_finite or self.loss_factor is not None or bool(self.grad_norms)


class PendingStep(Protocol):
    """A step whose gradients are known, and whose update is not applied yet."""

    @property
    def loss(self) -> float:
        """The batch's loss."""
        ...

    @property
    def previous_losses(self) -> Sequence[float]:
        """The losses of the steps that this run has taken."""
        ...

    @property
    def group_names(self) -> Sequence[str]:
        """The groups' names, in order."""
        ...

    def find_non_finite(self) -> str:
        """Return the first parameter whose gradient has a NaN or an infinity, or ""."""
        ...

    def grad_norm(self, group: str) -> float:
        """Return the norm of a group's gradient; 0.0 if it has none, or there is no such group."""
        ...

    def count_dead_units(self) -> Sequence[LayerUnits]:
        """Count the dead units in this step's batch, as `Engine.dead_units` does."""
        ...


class Engine(Protocol):
    """Something that trains step by step, and whose groups can be steered between steps.

    Everything is called from one thread, and only while no step is under way: between steps an
    engine stands at a *step boundary*, where its state is whole.
    """

    @property
    def step(self) -> int:
        """Steps taken."""
        ...

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one pass over the training data; the last may be smaller."""
        ...

    @property
    def batch_size(self) -> int:
        """Samples in a full batch."""
        ...

    @property
    def samples_per_epoch(self) -> int:
        """Samples in one pass over the training data."""
        ...

    @property
    def fallback_reason(self) -> str:
        """Why steps are taken slowly, operation by operation; "" if they are not."""
        ...

    def apply(self, command: AnyCommand) -> CommandResult:
        """Apply a command to the groups, wholly or not at all.

        Raises
        ------
        RefusedError : it cannot be applied; the message names the group or parameter
        """
        ...

    def preview(self, command: AnyCommand) -> Mapping[str, tuple[float, float]]:
        """Say what the next update would be after a command; nothing is changed by it.

        Returns
        -------
        For each group that there would be, |Δw|/|w| of the next update: as things are, and after
        the command. NaN for a group that is not there, or that is not updated.

        Raises
        ------
        RefusedError : the command cannot be applied
        """
        ...

    def run(
        self,
        steps: int,
        should_stop: Callable[[], bool],
        should_hold: Callable[[PendingStep], bool] | None = None,
        hold_condition: HoldCondition | None = None,
    ) -> Sequence[float]:
        """Take at least one step and at most ``steps``, and return the loss of each.

        ``until`` is asked after every burst of steps that the engine takes in one go, which is some
        40 ms of them; True ends it. ``hold`` is asked before each update; True ends the burst
        without it: the engine stands at the boundary before that step as if it had not been begun,
        but for the gradients, which can be looked at. Then there may be no step at all. With a
        ``watch`` it need not be asked about steps in which nothing of that is so, which an engine
        may take as if nobody could hold them.
        """
        ...

    def interrupt(self) -> None:
        """Have `run` ask ``until`` at the next step boundary; may be called from any thread."""
        ...

    def evaluate(self) -> float:
        """Return the accuracy on the test set, from 0 to 1; training is not affected by it."""
        ...

    def groups(self) -> tuple[GroupView, ...]:
        """Describe the groups, in order."""
        ...

    def inspect_parameter(self, parameter: str) -> ParameterView | None:
        """Describe one parameter in full; None if there is none of that name."""
        ...

    def count_dead_units(self) -> Sequence[LayerUnits]:
        """Count the dead units of each layer that a ReLU follows, in the batch of the next step.

        Frozen layers are counted too. It costs a forward pass, and changes nothing.
        """
        ...

    def inspect_network(self) -> NetworkView:
        """Describe the network as a tree, and where its gradient flows as things are frozen now.

        Units are not counted. The first call costs a forward pass; nothing is changed.
        """
        ...

    def inspect_batch(self, asked: InspectBatch) -> BatchView:
        """Show samples with what the network makes of them, and its confusions on the test set.

        It costs an evaluation; as with `evaluate`, training is not affected by it.
        """
        ...

    def optimizer_choices(self) -> tuple[OptimizerChoice, ...]:
        """Say what a group's optimizer can be swapped to."""
        ...

    def parameters(self) -> Mapping[str, Array]:
        """Return every parameter by name: the live memory, to be read at a boundary only."""
        ...

    def gradient(self, parameter: str) -> Array | None:
        """Return the gradient of the last step, or None where none was computed."""
        ...

    def group_of(self, parameter: str) -> str:
        """Return the name of the group that the parameter is in."""
        ...

    def digest(self) -> str:
        """Return the SHA-256 of parameters, buffers and optimizer state, as ``sha256:…``."""
        ...

    def digests(self) -> Mapping[str, str]:
        """Return short digests by name of each parameter with its optimizer state, and buffer."""
        ...

    def environment(self) -> Mapping[str, str]:
        """Say what the bits depend on besides the scenario: versions, the machine's features."""
        ...

    def rehearsal(self) -> Engine:
        """Return an engine that follows commands as this one does from its first step.

        It takes steps without training, and so can tell in advance which commands are refused.
        Nothing of this engine is changed by it.
        """
        ...

    def state(self) -> EngineState:
        """Return a copy of all that decides the future."""
        ...

    def load_state(self, state: EngineState) -> None:
        """Go on from a state: what follows is what followed it, bit for bit.

        The gradients are those that the state has; where it has none there is none.

        Raises
        ------
        StateMismatchError : it is not of this model; every name that does not fit is listed, and
            nothing was changed
        """
        ...


def read_only(array: Array) -> Array:
    """Return a view of the array that cannot be written to."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view
