"""An engine that steps without training, to find out in advance which commands are refused."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tuitrain.commands import AnyCommand, Clip, to_text
from tuitrain.errors import RefusedError

from ..batch_view import BatchView, InspectBatch
from ..capabilities import Capabilities, Capability
from ..factory import EngineSpec
from ..inspection import NetworkView
from ..pending_step import HoldCondition, PendingStep
from ..state import Array, EngineState
from ..steerable import CommandResult
from ..trainable import WarmUpProgress, ignore_batch, ignore_progress
from ..views import GroupView, LayerUnits, OptimizerChoice, ParameterView
from .group_simulator import TableSimulator

_NOT_TRAINED = "an engine that does not train has no network to look into"
_LACKING = (Capability.NETWORK_TREE, Capability.BATCH, Capability.CONFUSION)


class RehearsalEngine:
    """Follows commands as the rehearsed engine does; its steps cost and change nothing.

    Results of training are not known: losses are 0, metrics are NaN, and there is no gradient.
    See `Engine` for what each member promises.

    Parameters
    ----------
    groups : at their first step
    spec : what the engine that is rehearsed was built from
    count_dead_units : returns the layers whose units can be dead; called if a command needs them
    """

    capabilities = Capabilities(
        frozenset(Capability) - {*_LACKING}, dict.fromkeys(_LACKING, _NOT_TRAINED)
    )
    fallback_reason = ""
    frozen_cache = None
    has_reported = False
    is_steerable = True

    def __init__(
        self,
        groups: TableSimulator[Any, Any],
        spec: EngineSpec,
        count_dead_units: Callable[[], Sequence[LayerUnits]],
    ) -> None:
        self._groups = groups
        self._count_dead_units = count_dead_units
        self._clip = Clip("off")
        self.step = 0
        self.steps_per_epoch = spec.steps_per_epoch
        self.batch_size = spec.batch_size
        self.samples_per_epoch = len(spec.train)
        self.metrics = spec.metric_infos

    def warm_up(self, on_progress: WarmUpProgress = ignore_progress) -> None:
        """Do nothing: no kernel is called."""

    def run(
        self,
        steps: int,
        should_stop: Callable[[], bool],
        should_hold: Callable[[PendingStep], bool] | None = None,
        hold_condition: HoldCondition | None = None,
    ) -> Sequence[float]:
        """Count steps; ``should_hold`` is not called, since no step is computed."""
        del should_stop, should_hold, hold_condition
        self.step += steps
        return range(steps)  # only its length is read

    def interrupt(self) -> None:
        """Do nothing: steps take no time."""

    def evaluate(self, on_batch: Callable[[], None] = ignore_batch) -> Mapping[str, float]:
        """Return NaN for each metric."""
        del on_batch
        return {info.name: math.nan for info in self.metrics}

    def apply(self, command: AnyCommand) -> CommandResult:
        """Apply a command to the groups."""
        if isinstance(command, Clip):
            before, self._clip = self._clip, command
            return CommandResult(command != before, to_text(command))
        return self._groups.apply(command, self.step)

    def preview(self, command: AnyCommand) -> Mapping[str, tuple[float, float]]:
        """Refuse what `apply` would refuse; the next update is not known."""
        state = self.state()
        self.apply(command)
        self.load_state(state)
        return {}

    def groups(self) -> tuple[GroupView, ...]:
        """Describe the groups, in order."""
        return self._groups.groups(self.step)

    def group_of(self, parameter: str) -> str:
        """Return the name of the group that the parameter is in."""
        return self._groups.group_of(parameter)

    def optimizer_choices(self) -> tuple[OptimizerChoice, ...]:
        """List the optimizers that a group can be given."""
        return self._groups.optimizer_choices()

    def held_modules(self, frozen: Collection[str]) -> Mapping[str, bool]:
        """Return no module: buffers are not known."""
        del frozen
        return {}

    def parameters(self) -> Mapping[str, Array]:
        """Return the values before the first step, by name."""
        return self._groups.parameters()

    def gradient(self, parameter: str) -> Array | None:
        """Return None: no gradient is computed."""
        del parameter

    def inspect_parameter(self, parameter: str) -> ParameterView | None:
        """Return None: values are not read."""
        del parameter

    def count_dead_units(self) -> Sequence[LayerUnits]:
        """Return the layers whose units can be dead, each in its present group."""
        return [
            replace(layer, group=self._groups.group_of(layer.parameter))
            for layer in self._count_dead_units()
        ]

    def inspect_network(self) -> NetworkView:
        """Raise `RefusedError`."""
        raise RefusedError(_NOT_TRAINED)

    def inspect_batch(self, request: InspectBatch) -> BatchView:
        """Raise `RefusedError`."""
        del request
        raise RefusedError(_NOT_TRAINED)

    def source_modules(self) -> Sequence[str]:
        """Return no module."""
        return ()

    def digest(self) -> str:
        """Return ""."""
        return ""

    def digests(self) -> Mapping[str, str]:
        """Return no digest."""
        return {}

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
        """Continue from a state of this engine."""
        self._groups.load(state.groups, state.frozen)
        self._clip = state.clip_command
        self.step = state.step

    def rehearsal(self) -> RehearsalEngine:
        """Return this engine."""
        return self
