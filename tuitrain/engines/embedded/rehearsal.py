"""An engine that takes steps without training, to see in advance which commands are refused."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tuitrain.commands import AnyCommand, Clip, to_text
from tuitrain.errors import RefusedError

from ..engine import Array, CommandResult, HoldCondition, PendingStep
from ..inspection import BatchView, InspectBatch, NetworkView
from ..state import EngineState
from ..views import GroupView, LayerUnits, OptimizerChoice, ParameterView
from .group_simulator import GroupSimulator
from .optimizers import optimizer_choices

_NOT_TRAINED = "an engine that does not train has no network to look into"


class RehearsalEngine:
    """Follows commands as the embedded engine does; its steps cost nothing and change nothing.

    What only training tells is not known: losses are 0, the accuracy is NaN, and there is no
    gradient. See `engines.base.Engine` for what each method promises.

    Parameters
    ----------
    groups : at their first step
    layers : gives the layers whose units can be dead; called if a command asks for them
    steps_per_epoch : batches in one pass over the training data
    batch_size, samples_per_epoch : samples in a full batch, and in one pass
    """

    fallback_reason = ""

    def __init__(
        self,
        groups: GroupSimulator,
        layers: Callable[[], Sequence[LayerUnits]],
        steps_per_epoch: int,
        batch_size: int,
        samples_per_epoch: int,
    ) -> None:
        self._groups = groups
        self._layers = layers
        self._clip = Clip("off")
        self.step = 0
        self.steps_per_epoch = steps_per_epoch
        self.batch_size = batch_size
        self.samples_per_epoch = samples_per_epoch

    def apply(self, command: AnyCommand) -> CommandResult:
        """Apply a command to the groups."""
        if isinstance(command, Clip):
            before, self._clip = self._clip, command
            return CommandResult(command != before, to_text(command))
        return self._groups.apply(command, self.step)

    def preview(self, command: AnyCommand) -> Mapping[str, tuple[float, float]]:
        """Refuse what `apply` would refuse; nothing is known of the next update."""
        state = self.state()
        self.apply(command)
        self.load_state(state)
        return {}

    def run(
        self,
        steps: int,
        should_stop: Callable[[], bool],
        should_hold: Callable[[PendingStep], bool] | None = None,
        hold_condition: HoldCondition | None = None,
    ) -> Sequence[float]:
        """Count steps; ``hold`` is not asked, for there is nothing to look at."""
        del should_stop, should_hold, hold_condition
        self.step += steps
        return range(steps)  # of any length: only how many there are is looked at

    def interrupt(self) -> None:
        """Do nothing: steps take no time."""

    def evaluate(self) -> float:
        """Return NaN."""
        return math.nan

    def groups(self) -> tuple[GroupView, ...]:
        """Describe the groups, in order."""
        return self._groups.groups(self.step)

    def inspect_parameter(self, parameter: str) -> ParameterView | None:
        """Return None: values are not looked at."""
        del parameter

    def count_dead_units(self) -> Sequence[LayerUnits]:
        """Return the layers whose units can be dead, each in its present group."""
        return [
            replace(each, group=self._groups.group_of(each.parameter)) for each in self._layers()
        ]

    def inspect_network(self) -> NetworkView:
        """Raise `RefusedError`."""
        raise RefusedError(_NOT_TRAINED)

    def inspect_batch(self, asked: InspectBatch) -> BatchView:
        """Raise `RefusedError`."""
        del asked
        raise RefusedError(_NOT_TRAINED)

    def optimizer_choices(self) -> tuple[OptimizerChoice, ...]:
        """Return what a group's optimizer can be swapped to."""
        return optimizer_choices()

    def parameters(self) -> Mapping[str, Array]:
        """Return the values before the first step, by name."""
        return self._groups.parameters()

    def gradient(self, parameter: str) -> Array | None:
        """Return None: no gradient is computed."""
        del parameter

    def group_of(self, parameter: str) -> str:
        """Return the name of the group that the parameter is in."""
        return self._groups.group_of(parameter)

    def digest(self) -> str:
        """Return ""."""
        return ""

    def digests(self) -> Mapping[str, str]:
        """Return no digest."""
        return {}

    def environment(self) -> Mapping[str, str]:
        """Return nothing: no bits are computed."""
        return {}

    def rehearsal(self) -> RehearsalEngine:
        """Return this engine."""
        return self

    def state(self) -> EngineState:
        """Return the step, the groups, the frozen parameters and the clipping."""
        return EngineState(
            step=self.step,
            parameters={},
            buffers={},
            optimizers={},
            frozen=self._groups.frozen(),
            groups=self._groups.records(),
            random={},
            clip=(self._clip.by, self._clip.limit),
        )

    def load_state(self, state: EngineState) -> None:
        """Go on from what `state` returned."""
        self._groups.reset(state.groups, state.frozen)
        self._clip = Clip(*state.clip)  # type: ignore[arg-type]
        self.step = state.step
