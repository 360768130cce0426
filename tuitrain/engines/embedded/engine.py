"""The embedded engine: the core's model, optimizers and loader, steered between steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from tuitrain.commands import AnyCommand, Clip, Freeze, to_text
from tuitrain.metric_info import MetricInfo
from tuitrain_core import threads
from tuitrain_core.data import DataLoader
from tuitrain_core.digest import digest_arrays, digest_by_name
from tuitrain_core.losses import Loss, default_loss, make_loss
from tuitrain_core.module import Module
from tuitrain_core.native import compile_kernels

from ..batch_view import BatchView, InspectBatch
from ..capabilities import EVERY_CAPABILITY
from ..factory import EngineSpec
from ..grouping.command_handler import CommandHandler
from ..grouping.description import describe_group, describe_parameter
from ..grouping.freezing import FrozenParameters
from ..grouping.rehearsal import RehearsalEngine
from ..inspection import NetworkView
from ..pending_step import HoldCondition, PendingStep
from ..state import Array, EngineState, read_only
from ..steerable import CommandResult
from ..trainable import WarmUpProgress, ignore_progress
from ..views import GroupView, LayerUnits, OptimizerChoice, ParameterView
from .buffer_owners import BufferOwners
from .evaluation import Evaluator
from .holdable_steps import HoldableSteps
from .model import SeededModel
from .network_inspector import NetworkInspector
from .optimizers import (
    CoreArrays,
    compile_optimizers,
    make_table,
    optimizer_choices,
    simulate_groups,
)
from .state_io import capture_state, restore_state
from .stepper import Stepper
from .training import Training


class EmbeddedEngine:
    """Trains a module; see `Engine`.

    Parameters
    ----------
    spec : its parts; its model is a `tuitrain_core.module.Module`

    Attributes
    ----------
    model, loader, stepper, evaluator : the parts of the engine

    Raises
    ------
    RefusedError : the groups do not fit the model's parameters
    """

    capabilities = EVERY_CAPABILITY

    def __init__(self, spec: EngineSpec) -> None:
        threads.limit_blas_threads()
        self._spec = spec
        self.model = model = SeededModel(spec.make_model, spec.seed)
        self._parameters = model.parameters
        self.loader = DataLoader(spec.train, spec.batch_size, spec.seed)
        self._table = make_table(model.parameters, spec.groups, model.module.aliases())
        loss = _loss_of(model.module, spec)
        self.evaluator = Evaluator(model, self.loader, spec.test, loss, spec.metrics)
        self.stepper = Stepper(model.module, self.loader, self._table, model.parameters, loss)
        self._holdable = HoldableSteps(self.stepper, model, self._table)
        self._training = Training(model, self.stepper, self._holdable)
        self._inspector = NetworkInspector(model, self.loader, self._table)
        self._arrays = CoreArrays(self._parameters)
        self._frozen = FrozenParameters(self._arrays, model.buffers)
        self._owners = BufferOwners(model.module, self._inspector.structure)
        self._commands = CommandHandler(self._table, self._frozen, len(self.loader))
        for plan in spec.groups:
            if plan.frozen:
                self._commands.apply(Freeze(plan.name), 0)
        self._follow_freezes()

    @property
    def step(self) -> int:
        """Steps taken."""
        return self._training.step

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one pass over the training data."""
        return len(self.loader)

    @property
    def batch_size(self) -> int:
        """Samples in a full batch."""
        return self.loader.batch_size

    @property
    def samples_per_epoch(self) -> int:
        """Samples in one pass over the training data."""
        return len(self.loader.dataset)

    def warm_up(self, on_progress: WarmUpProgress = ignore_progress) -> None:
        """Compile every kernel that training, evaluation or a swap calls.

        A clone of this engine takes the step, so its state is not changed.
        """
        compile_kernels(self.stepper.kernels(), on_progress)
        clone = self._clone(self.state())
        clone.run(1, lambda: True)
        clone.evaluator.measure(clone.stepper.threads, max_batches=1)
        if not self.stepper.is_recorded:
            compile_optimizers()

    def run(
        self,
        steps: int,
        should_stop: Callable[[], bool],
        should_hold: Callable[[PendingStep], bool] | None = None,
        hold_condition: HoldCondition | None = None,
    ) -> Sequence[float]:
        """Take at least one and at most ``steps`` steps; see `Trainable.run`."""
        return self._training.run(steps, should_stop, should_hold, hold_condition)

    def interrupt(self) -> None:
        """End the burst under way at the next step boundary; see `Trainable.interrupt`."""
        self.stepper.interrupt()

    @property
    def metrics(self) -> tuple[MetricInfo, ...]:
        """What `evaluate` measures, in order."""
        return tuple(plan.info for plan in self._spec.metrics)

    def evaluate(self) -> Mapping[str, float]:
        """Return each of the `metrics` on the test set; see `Trainable.evaluate`."""
        return self.evaluator.measure(self.stepper.threads)

    def apply(self, command: AnyCommand) -> CommandResult:
        """Apply a command to the groups; see `Steerable.apply`."""
        if isinstance(command, Clip):
            return self._set_clip(command)
        result = self._commands.apply(command, self.step)
        self._follow_freezes()
        return result

    def preview(self, command: AnyCommand) -> Mapping[str, tuple[float, float]]:
        """Compute the size of the next update after a command; see `Steerable.preview`.

        Two clones take the step, one of them after the command.
        """
        state = self.state()
        without, with_command = self._clone(state), self._clone(state)
        with_command.apply(command)
        now, after = without._next_ratios(), with_command._next_ratios()
        return {name: (now.get(name, math.nan), ratio) for name, ratio in after.items()}

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

    @property
    def fallback_reason(self) -> str:
        """Why steps are taken operation by operation; see `Inspectable.fallback_reason`."""
        return self.stepper.fallback_reason

    def parameters(self) -> Mapping[str, Array]:
        """Return every parameter by name, read-only and live."""
        return {name: read_only(item.memory()) for name, item in self._parameters.items()}

    def gradient(self, parameter: str) -> Array | None:
        """Return the gradient of the last step, or None where none was computed."""
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
        """Count the dead units in the next step's batch; see `Inspectable.count_dead_units`."""
        with self.model.rng_scope():
            return self._holdable.count_dead_units(self.step)

    def inspect_network(self) -> NetworkView:
        """Describe the network, and where its gradient flows; see `Inspectable.inspect_network`."""
        held = self._owners.held_modules(self._frozen.frozen_since())
        return self._inspector.view(self.step, self.stepper.trained, held)

    def inspect_batch(self, request: InspectBatch) -> BatchView:
        """Show samples with the network's predictions; see `Inspectable.inspect_batch`."""
        return self.evaluator.inspect_batch(request, self.step, self.stepper.threads)

    def source_modules(self) -> Iterator[str]:
        """Yield the names of the Python modules that define the model and its layers."""
        for module in self.model.module.modules():
            yield from (base.__module__ for base in type(module).__mro__ if base is not object)

    def digest(self) -> str:
        """Return the SHA-256 of parameters, buffers and optimizer state."""
        return digest_arrays(
            self.parameters(), self.model.buffers(), self._table.optimizer_states()
        )

    def digests(self) -> Mapping[str, str]:
        """Return short digests by name: each parameter with its optimizer state, each buffer."""
        return digest_by_name(
            self.parameters(), self.model.buffers(), self._table.optimizer_states()
        )

    def state(self) -> EngineState:
        """Return a copy of all state that decides the coming steps."""
        return capture_state(self.step, self.model, self._table, self._frozen, self.stepper.clip)

    def load_state(self, state: EngineState) -> None:
        """Continue from a state; see `Stateful.load_state`."""
        restore_state(state, self.model, self._table, self._frozen)
        self.stepper.clip = Clip(*state.clip)  # type: ignore[arg-type]
        self._training.jump(state.step)
        self._follow_freezes()

    def rehearsal(self) -> RehearsalEngine:
        """Return an engine that follows commands and does not train; see `Engine.rehearsal`."""
        groups = simulate_groups(self.model.module, self._spec.groups, len(self.loader))
        return RehearsalEngine(groups, self._spec, self.count_dead_units)

    def _clone(self, state: EngineState) -> EmbeddedEngine:
        """Build another engine with the same parts, in this state."""
        clone = EmbeddedEngine(self._spec)
        clone.load_state(state)
        return clone

    def _next_ratios(self) -> dict[str, float]:
        """Take a step, and return each group's |Δw|/|w| in it."""
        self.run(1, lambda: True)
        return {group.name: group.update_ratio for group in self.groups()}

    def _set_clip(self, command: Clip) -> CommandResult:
        if command == self.stepper.clip:
            return CommandResult(False, f"already set: {to_text(command)}")
        self.stepper.clip = command
        if command.by == "off":
            return CommandResult(True, "gradients are no longer clipped")
        return CommandResult(True, f"gradients are clipped by {command.by}, {command.limit:g}")

    def _follow_freezes(self) -> None:
        """Compute gradients only of parameters that are not frozen, and hold frozen buffers."""
        self.stepper.invalidate_plans()
        self.stepper.trained = tuple(n for n in self._parameters if n not in self._frozen)
        frozen = self._frozen.frozen_since()
        self.model.freeze_norm_stats(self._owners, frozen)
        self._frozen.hold_buffers(self._owners.held_buffers(frozen))


def _loss_of(module: Module, spec: EngineSpec) -> Loss | None:
    """Return the loss of a run; None if the module has its own, as a method ``loss``."""
    if spec.loss is None and not callable(getattr(module, "loss", None)):
        return make_loss(default_loss(spec.train))
    return spec.loss
