"""The engine of a script: the loop is the user's, and the updates are steered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tuitrain.commands import (
    AnyCommand,
    Clip,
    Decay,
    Regroup,
    ScaleLr,
    SetLr,
    SetSchedule,
)
from tuitrain.errors import RefusedError
from tuitrain.metric_info import MetricInfo
from tuitrain_core import random, threads
from tuitrain_core.data import DataLoader
from tuitrain_core.module import Module

from ...batch_view import BatchView, InspectBatch
from ...capabilities import Capabilities, Capability
from ...inspection import NetworkView
from ...pending_step import HoldCondition, PendingStep
from ...steerable import CommandResult
from ...trainable import WarmUpProgress, ignore_progress
from ...views import LayerUnits
from ..grouped_network import GroupedNetwork
from ..model import SeededModel
from ..network_inspector import NetworkInspector
from ..network_structure import Structure
from .arrays import ScriptArrays
from .groups import ScriptGroups
from .loop import ScriptLoop

_NO_WAY_BACK = (
    "the loop of this script fetches its own batches, so no step can be repeated; "
    "`for … in run.batches(loader):` lets the run go back"
)
_REASONS: Mapping[Capability, str] = {
    Capability.EVALUATION: "a script measures for itself; `run.log(accuracy=…)` reports a metric",
    Capability.REWIND: _NO_WAY_BACK,
    Capability.LR_SWEEP: _NO_WAY_BACK,
    Capability.PREVIEW: "the loop of a script cannot be asked for an update that is not applied",
    Capability.DEAD_UNITS: "the forward pass of a script is not known",
    Capability.NETWORK_TREE: "without run.batches the input of the network is not known",
    Capability.CONFUSION: "the test set of a script is not known",
    Capability.PYTHON_EXPORT: "the script is the program",
}


class ScriptEngine(GroupedNetwork):
    """Steers the updates of a loop that runs in another thread; see `Engine`.

    The session calls this side; `ScriptLoop` is the other.

    Parameters
    ----------
    net : the network
    optimizer : an optimizer of the core, or an object whose ``opts`` are such
    steps_per_epoch : the length of an epoch, for schedules
    metrics : what the script reports with `log`
    loader : gives the batch of any step; None if the loop fetches its own
    on_first_step : called by the loop before its first boundary

    Attributes
    ----------
    loop : the loop's side, for the loop alone

    Raises
    ------
    RefusedError : see `ScriptGroups`
    """

    fallback_reason = "the loop of a script runs operation by operation"

    def __init__(
        self,
        net: Module,
        optimizer: Any,
        steps_per_epoch: int,
        metrics: Sequence[MetricInfo],
        loader: DataLoader | None = None,
        on_first_step: Callable[[], None] = lambda: None,
    ) -> None:
        threads.limit_blas_threads()
        self.steps_per_epoch = steps_per_epoch
        self.metrics = tuple(metrics)
        self.batch_size = loader.batch_size if loader else 1
        self.samples_per_epoch = len(loader.dataset) if loader else steps_per_epoch
        self.capabilities = _capabilities(loader is not None)
        self._groups = ScriptGroups(net, optimizer)
        table = self._groups.table
        model = SeededModel(lambda: net, 0)
        model.generator = random.generator()
        model.parameters = self._groups.parameters
        self._inspector = None if loader is None else NetworkInspector(model, loader, table)
        arrays = ScriptArrays(model.parameters)
        super().__init__(model, table, self._structure, steps_per_epoch, arrays)
        self.loop = ScriptLoop(self._groups, model, arrays, self._frozen, loader, on_first_step)

    @property
    def step(self) -> int:
        """Steps taken."""
        return self.loop.step

    @property
    def clip(self) -> Clip:
        """How gradients are clipped."""
        return self.loop.clip

    def warm_up(self, on_progress: WarmUpProgress = ignore_progress) -> None:
        """Do nothing: the loop takes the first step itself."""

    def run(
        self,
        steps: int,
        should_stop: Callable[[], bool],
        should_hold: Callable[[PendingStep], bool] | None = None,
        hold_condition: HoldCondition | None = None,
    ) -> Sequence[float]:
        """Let the loop take steps; returns fewer, or none, if it has ended. See `Trainable.run`."""
        return self.loop.run(steps, should_stop, should_hold, hold_condition)

    def interrupt(self) -> None:
        """End the burst under way at the next step boundary."""
        self.loop.turns.interrupt()

    def evaluate(self) -> Mapping[str, float]:
        """Return the metrics that the loop has reported for this boundary; see `has_reported`."""
        logged = self.loop.logged
        return {info.name: logged[info.name] for info in self.metrics if info.name in logged}

    @property
    def has_reported(self) -> bool:
        """Whether the loop has reported metrics since the boundary before this one."""
        return bool(self.loop.logged)

    def apply(self, command: AnyCommand) -> CommandResult:
        """Apply a command to the groups; see `Steerable.apply`."""
        if isinstance(command, Clip):
            return self._set_clip(command)
        self._groups.follow_script()
        target = _lr_target(command)
        result = self._commands.apply(command, self.step)
        if target is not None:
            self._groups.own(group.name for group in self._table.resolve(target))
        elif isinstance(command, Regroup) and self._groups.owned:
            self._groups.own(self._table.names)
        self._follow_freezes()
        return result

    def preview(self, command: AnyCommand) -> Mapping[str, tuple[float, float]]:
        """Refuse: see the capability."""
        del command
        raise RefusedError(_REASONS[Capability.PREVIEW])

    def count_dead_units(self) -> Sequence[LayerUnits]:
        """Refuse: see the capability."""
        raise RefusedError(_REASONS[Capability.DEAD_UNITS])

    def inspect_network(self) -> NetworkView:
        """Describe the network, and where its gradient flows; see `Inspectable`."""
        if self._inspector is None:
            raise RefusedError(_REASONS[Capability.NETWORK_TREE])
        frozen = self._frozen.frozen_since()
        trained = tuple(name for name in self._parameters if name not in frozen)
        return self._inspector.view(self.step, trained, self._owners.held_modules(frozen))

    def inspect_batch(self, request: InspectBatch) -> BatchView:
        """Refuse: see the capability."""
        del request
        raise RefusedError(_REASONS[Capability.CONFUSION])

    def rehearsal(self) -> ScriptEngine:
        """Refuse: a script's loop cannot be rehearsed.

        Raises
        ------
        RefusedError : always
        """
        raise RefusedError("the commands of a script's run are checked at their steps only")

    def _clip_by(self, command: Clip) -> None:
        self.loop.clip = command

    def _jump(self, step: int) -> None:
        """Continue at a step; the one that the loop computes is dropped."""
        self.loop.jump(step)

    def _structure(self) -> Structure:
        if self._inspector is None:
            raise RefusedError(_REASONS[Capability.NETWORK_TREE])
        return self._inspector.structure()

    def _follow_freezes(self) -> None:
        """Hold the buffers of frozen parameters, and copy them."""
        frozen = self._frozen.frozen_since()
        self.model.freeze_norm_stats(self._owners, frozen)
        held = self._owners.held_buffers(frozen)
        self._frozen.hold_buffers(held)
        buffers = self.model.buffers()
        copies = self.loop.held_buffers
        self.loop.held_buffers = {
            name: copies[name] if name in copies else buffers[name].copy() for name in held
        }


def _capabilities(can_repeat: bool) -> Capabilities:
    """Return what a script's engine offers, with batches of any step or without."""
    with_loader = (Capability.REWIND, Capability.LR_SWEEP, Capability.NETWORK_TREE)
    offered = frozenset(with_loader if can_repeat else ())
    return Capabilities(offered, {k: v for k, v in _REASONS.items() if k not in offered})


def _lr_target(command: AnyCommand) -> str | None:
    """Return the target of a command that sets the lr of groups, or None."""
    if isinstance(command, SetLr | ScaleLr | Decay | SetSchedule):
        return command.target
    return None
