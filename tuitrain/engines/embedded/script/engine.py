"""The engine of a script: the loop is the user's, and the updates are steered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from tuitrain.commands import (
    AnyCommand,
    Clip,
    Decay,
    Regroup,
    ScaleLr,
    SetLr,
    SetSchedule,
    to_text,
)
from tuitrain.errors import RefusedError
from tuitrain.metric_info import MetricInfo
from tuitrain_core import random, threads
from tuitrain_core.data import DataLoader
from tuitrain_core.digest import digest_arrays, digest_by_name
from tuitrain_core.module import Module

from ...batch_view import BatchView, InspectBatch
from ...capabilities import Capabilities, Capability
from ...grouping.command_handler import CommandHandler
from ...grouping.description import describe_group, describe_parameter
from ...grouping.freezing import FrozenParameters
from ...inspection import NetworkView
from ...pending_step import HoldCondition, PendingStep
from ...state import Array, EngineState, read_only
from ...steerable import CommandResult
from ...trainable import WarmUpProgress, ignore_progress
from ...views import GroupView, LayerUnits, OptimizerChoice, ParameterView
from ..buffer_owners import BufferOwners
from ..model import SeededModel
from ..network_inspector import NetworkInspector
from ..network_structure import Structure
from ..optimizers import CoreArrays, optimizer_choices
from ..state_io import capture_state, restore_state
from .groups import ScriptGroups
from .loop import ScriptLoop

_NO_WAY_BACK = (
    "the loop of this script fetches its own batches, so no step can be repeated; "
    "`for … in run.batches(loader, epochs=N):` lets the run go back"
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


class ScriptEngine:
    """Steers the updates of a loop that runs in another thread; see `Engine`.

    The session calls this side; `ScriptLoop` is the other.

    Parameters
    ----------
    net : the network
    optimizer : an optimizer of the core, or an object whose ``opts`` are such
    steps_per_epoch : the length of an epoch, for schedules
    metrics : what the script reports with `log`
    loader : gives the batch of any step; None if the loop fetches its own

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
    ) -> None:
        threads.limit_blas_threads()
        self.steps_per_epoch = steps_per_epoch
        self.metrics = tuple(metrics)
        self._loader = loader
        self.batch_size = loader.batch_size if loader else 1
        self.samples_per_epoch = len(loader.dataset) if loader else steps_per_epoch
        self.capabilities = _capabilities(loader is not None)
        self._groups = ScriptGroups(net, optimizer)
        self._table, self._parameters = self._groups.table, self._groups.parameters
        self._model = SeededModel(lambda: net, 0)
        self._model.generator = random.generator()
        self._model.parameters = self._parameters
        self._arrays = CoreArrays(self._parameters)
        self._frozen = FrozenParameters(self._arrays, self._model.buffers)
        self._inspector = (
            None if loader is None else NetworkInspector(self._model, loader, self._table)
        )
        self._owners = BufferOwners(net, self._structure)
        self._commands = CommandHandler(self._table, self._frozen, steps_per_epoch)
        self.loop = ScriptLoop(self._groups, self._model, self._frozen, loader)

    @property
    def step(self) -> int:
        """Steps taken."""
        return self.loop.step

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
        """Return the metrics that the loop has reported; the others are left out."""
        logged = self.loop.logged
        return {info.name: logged[info.name] for info in self.metrics if info.name in logged}

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

    def groups(self) -> tuple[GroupView, ...]:
        """Describe the groups, in order."""
        self._frozen.verify()
        return tuple(
            describe_group(group, self._table, self._arrays, self._frozen, self.step)
            for group in self._table
        )

    def group_of(self, parameter: str) -> str:
        """Return the name of the group that the parameter is in."""
        return self._table.group_of(parameter).name

    def optimizer_choices(self) -> tuple[OptimizerChoice, ...]:
        """List the optimizers that a group can be given."""
        return optimizer_choices()

    def held_modules(self, frozen: Collection[str]) -> Mapping[str, bool]:
        """Return which modules keep the bytes of their buffers; see `Steerable.held_modules`."""
        return self._owners.held_modules(frozen)

    def parameters(self) -> Mapping[str, Array]:
        """Return every parameter of the optimizers by name, read-only and live."""
        return {name: read_only(item.memory()) for name, item in self._parameters.items()}

    def gradient(self, parameter: str) -> Array | None:
        """Return the last gradient computed, or None."""
        grad = self._parameters[parameter].grad
        return None if grad is None else read_only(grad.memory())

    def inspect_parameter(self, parameter: str) -> ParameterView | None:
        """Describe one parameter in full; None if no parameter has that name."""
        name = self._table.canonical_name(parameter)
        if name not in self._parameters:
            return None
        return describe_parameter(
            name,
            self._arrays,
            self.group_of(name),
            self._table.aliases[name],
            self._frozen.since(name),
            self.step,
        )

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

    def source_modules(self) -> Iterator[str]:
        """Yield the names of the Python modules that define the network and its layers."""
        for module in self._model.module.modules():
            yield from (base.__module__ for base in type(module).__mro__ if base is not object)

    def digest(self) -> str:
        """Return the SHA-256 of parameters, buffers and optimizer state."""
        return digest_arrays(
            self.parameters(), self._model.buffers(), self._table.optimizer_states()
        )

    def digests(self) -> Mapping[str, str]:
        """Return short digests by name: each parameter with its optimizer state, each buffer."""
        return digest_by_name(
            self.parameters(), self._model.buffers(), self._table.optimizer_states()
        )

    def state(self) -> EngineState:
        """Return a copy of the state; with a loader it decides all coming steps."""
        return capture_state(self.step, self._model, self._table, self._frozen, self.loop.clip)

    def load_state(self, state: EngineState) -> None:
        """Continue from a state; the step that the loop computes is dropped."""
        restore_state(state, self._model, self._table, self._frozen)
        self.loop.clip = Clip(*state.clip)  # type: ignore[arg-type]
        self.loop.jump(state.step)
        self._follow_freezes()

    def rehearsal(self) -> ScriptEngine:
        """Refuse: a script's loop cannot be rehearsed.

        Raises
        ------
        RefusedError : always
        """
        raise RefusedError("the commands of a script's run are checked at their steps only")

    def _set_clip(self, command: Clip) -> CommandResult:
        if command == self.loop.clip:
            return CommandResult(False, f"already set: {to_text(command)}")
        self.loop.clip = command
        if command.by == "off":
            return CommandResult(True, "gradients are no longer clipped")
        return CommandResult(True, f"gradients are clipped by {command.by}, {command.limit:g}")

    def _structure(self) -> Structure:
        if self._inspector is None:
            raise RefusedError(_REASONS[Capability.NETWORK_TREE])
        return self._inspector.structure()

    def _follow_freezes(self) -> None:
        """Hold the buffers of frozen parameters, and copy them."""
        frozen = self._frozen.frozen_since()
        self._model.freeze_norm_stats(self._owners, frozen)
        held = self._owners.held_buffers(frozen)
        self._frozen.hold_buffers(held)
        buffers = self._model.buffers()
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
