"""The embedded engine: the core's model, optimizers and loader, steered between steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from tuitrain.commands import AnyCommand, Clip, Freeze, to_text
from tuitrain_core import threads
from tuitrain_core.data import DataLoader, Dataset
from tuitrain_core.digest import digest_arrays, digest_by_name
from tuitrain_core.module import Module
from tuitrain_core.native.runtime.library import OnProgress, compile_kernels

from ..engine import Array, CommandResult, HoldCondition, PendingStep, read_only
from ..inspection import BatchView, InspectBatch, NetworkView
from ..state import EngineState
from ..views import GroupView, LayerUnits, OptimizerChoice, ParameterView
from .buffer_owners import BufferOwners
from .command_handler import CommandHandler
from .description import describe_group, describe_parameter
from .environment import environment
from .evaluation import Evaluator
from .freezing import FrozenParameters
from .group_simulator import GroupSimulator
from .groups import GroupPlan, GroupTable
from .holdable_steps import HoldableSteps
from .model import SeededModel
from .network_structure import Structure
from .optimizers import compile_optimizers, optimizer_choices
from .rehearsal import RehearsalEngine
from .state_io import capture_state, restore_state
from .stepper import Stepper


def _nobody(_name: str, _done: int, _total: int) -> None:
    """Nobody waits for the kernels."""


class EmbeddedEngine:
    """Trains a module on labelled images with the cross entropy.

    Parameters
    ----------
    make_model : makes the module; called once, with the random generator seeded
    train, test : what is learned from, and what accuracy is measured on
    plans : the groups to begin with
    seed : of initial weights, of the order of the data and of dropout
    batch_size : samples in a batch

    Raises
    ------
    RefusedError : the plans do not fit the model's parameters
    """

    def __init__(
        self,
        make_model: Callable[[], Module],
        train: Dataset,
        test: Dataset,
        plans: Sequence[GroupPlan],
        seed: int = 0,
        batch_size: int = 64,
    ) -> None:
        threads.limit_blas_threads()
        self._arguments = (make_model, train, test, plans, seed, batch_size)
        self._model = model = SeededModel(make_model, seed)
        self._parameters = model.parameters
        self._loader = DataLoader(train, batch_size, seed)
        self._table = GroupTable(model.parameters, plans, model.module.aliases())
        self._evaluation = Evaluator(model, self._loader, test)
        self._stepper = Stepper(model.module, self._loader, self._table, model.parameters)
        self._holdable = HoldableSteps(self._stepper, model, self._table)
        self._frozen = FrozenParameters(self._parameters, model.buffers)
        self._owners = BufferOwners(model.module, self.structure)
        self._steering = CommandHandler(self._table, self._frozen, len(self._loader))
        self._structure: Structure | None = None
        self._step = 0
        self._error: Exception | SystemExit | None = None
        for plan in plans:
            if plan.frozen:
                self._steering.apply(Freeze(plan.name), 0)
        self._follow_freezes()

    @property
    def step(self) -> int:
        """Steps taken."""
        return self._step

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one pass over the training data."""
        return len(self._loader)

    @property
    def batch_size(self) -> int:
        """Samples in a full batch."""
        return self._loader.batch_size

    @property
    def samples_per_epoch(self) -> int:
        """Samples in one pass over the training data."""
        return len(self._loader.dataset)

    def apply(self, command: AnyCommand) -> CommandResult:
        """Apply a command to the groups; see `Engine.apply`."""
        if isinstance(command, Clip):
            return self._set_clip(command)
        change = self._steering.apply(command, self._step)
        self._follow_freezes()
        return change

    def preview(self, command: AnyCommand) -> Mapping[str, tuple[float, float]]:
        """Say what the next update would be after a command; see `Engine.preview`.

        Scouts take the step, made alike and thrown away: nothing of this engine is touched.
        """
        state = self.state()
        without, with_it = self._scout(state), self._scout(state)
        with_it.apply(command)
        now, after = without._next_ratios(), with_it._next_ratios()
        return {name: (now.get(name, math.nan), ratio) for name, ratio in after.items()}

    def run(
        self,
        steps: int,
        should_stop: Callable[[], bool],
        should_hold: Callable[[PendingStep], bool] | None = None,
        hold_condition: HoldCondition | None = None,
    ) -> Sequence[float]:
        """Take at least one and at most ``steps`` steps; see `Engine.run`."""
        losses: list[float] = []
        with self._model.rng_scope():
            while len(losses) < steps:
                taken = self._take(steps - len(losses), losses, should_hold, hold_condition)
                self._step += len(taken)
                losses += taken
                if not taken or should_stop():
                    break
        return losses

    def _take(
        self,
        most: int,
        losses: Sequence[float],
        hold: Callable[[PendingStep], bool] | None,
        watch: HoldCondition | None,
    ) -> list[float]:
        """Take one burst; an error leaves no trace of the step that raises it.

        Losses of this run that are known already are returned first: the error waits for the next
        run, which begins with it. So each step that was taken has its loss in the record.
        """
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        begun = None if self._stepper.is_native else self._model.mutable_state()
        try:
            if hold is None:
                return self._stepper.take_burst(self._step, most)
            return self._holdable.take_burst(self._step, most, losses, hold, watch)
        except (Exception, SystemExit) as error:
            if begun is not None:
                self._model.restore(begun)
            if not losses:
                raise
            self._error = error
            return []

    def warm_up(self, listener: OnProgress = _nobody) -> None:
        """Compile every kernel that training, evaluation or a swap will call.

        A scout does it, made alike and thrown away: nothing of this engine is touched.

        Parameters
        ----------
        listener : is told of each kernel: its name, how many are ready, how many there are
        """
        compile_kernels(self._stepper.kernels(), listener)
        scout = self._scout(self.state())
        scout.run(1, lambda: True)
        scout._evaluation.logits(0, scout._stepper.threads)
        if not self._stepper.is_recorded:
            compile_optimizers()

    @property
    def fallback_reason(self) -> str:
        """Why steps are taken operation by operation; see `Engine.eager`."""
        return self._stepper.fallback_reason

    def interrupt(self) -> None:
        """End `run` at the next step boundary; see `Engine.interrupt`."""
        self._stepper.interrupt()

    def evaluate(self) -> float:
        """Return the accuracy on the test set, from 0 to 1."""
        return self._evaluation.accuracy(self._stepper.threads)

    def inspect_network(self) -> NetworkView:
        """Describe the network, and where its gradient flows; see `Engine.network`."""
        norms = {
            name: statistics.grad_norm
            for name in self._stepper.trained
            if (
                statistics := self._table.group_of(name).optimizer.statistics.get(
                    self._parameters[name]
                )
            )
        }
        return NetworkView(
            step=self._step,
            data=self._loader.dataset.images.shape[1:],
            rows=self.structure().rows(
                self._stepper.trained, self._owners.held_modules(self._frozen.frozen_since())
            ),
            grad_norms=norms,
        )

    def structure(self) -> Structure:
        """Return the structure of the network, heard once."""
        if self._structure is None:
            two = np.arange(min(2, len(self._loader.dataset)))
            self._structure = self._model.structure(self._loader.samples(two)[0])
        return self._structure

    def inspect_batch(self, asked: InspectBatch) -> BatchView:
        """Show samples and what the network makes of them; see `Engine.examine`."""
        return self._evaluation.inspect_batch(asked, self._step, self._stepper.threads)

    def groups(self) -> tuple[GroupView, ...]:
        """Describe the groups, in order."""
        self._frozen.verify()
        return tuple(
            describe_group(group, self._parameters, self._table.aliases, self._frozen, self._step)
            for group in self._table
        )

    def inspect_parameter(self, parameter: str) -> ParameterView | None:
        """Describe one parameter in full; None if there is none of that name."""
        name = self._table.canonical_name(parameter)
        found = self._parameters.get(name)
        if found is None:
            return None
        group, aliases = self.group_of(name), self._table.aliases[name]
        return describe_parameter(name, found, group, aliases, self._frozen.since(name), self._step)

    def count_dead_units(self) -> Sequence[LayerUnits]:
        """Count the dead units in the batch of the next step; see `Engine.dead_units`."""
        with self._model.rng_scope():
            return self._holdable.count_dead_units(self._step)

    def optimizer_choices(self) -> tuple[OptimizerChoice, ...]:
        """Say what a group's optimizer can be swapped to."""
        return optimizer_choices()

    def parameters(self) -> Mapping[str, Array]:
        """Return every parameter by name, read-only and live."""
        return {name: read_only(each.numpy()) for name, each in self._parameters.items()}

    def gradient(self, parameter: str) -> Array | None:
        """Return the gradient of the last step, or None where none was computed."""
        grad = self._parameters[parameter].grad
        return None if grad is None else read_only(grad.numpy())

    def group_of(self, parameter: str) -> str:
        """Return the name of the group that the parameter is in."""
        return self._table.group_of(parameter).name

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

    def environment(self) -> Mapping[str, str]:
        """Say what the bits depend on besides the scenario."""
        return environment()

    def rehearsal(self) -> RehearsalEngine:
        """Return an engine that follows commands and does not train; see `Engine.rehearsal`."""
        _, train, _, plans, _, _ = self._arguments
        paper = GroupSimulator(self._model.module, plans, len(self._loader))
        return RehearsalEngine(
            paper, self.count_dead_units, len(self._loader), self.batch_size, len(train)
        )

    def state(self) -> EngineState:
        """Return a copy of all that decides the future."""
        return capture_state(self._step, self._model, self._table, self._frozen, self._stepper.clip)

    def load_state(self, state: EngineState) -> None:
        """Go on from a state; see `Engine.load_state`."""
        restore_state(state, self._model, self._table, self._frozen)
        self._stepper.clip = Clip(*state.clip)  # type: ignore[arg-type]
        self._step = state.step
        self._error = None
        self._follow_freezes()

    def modules(self) -> Iterator[Module]:
        """Yield the model and every module in it."""
        return self._model.module.modules()

    def _scout(self, state: EngineState) -> EmbeddedEngine:
        """Make another engine that stands in this state."""
        scout = EmbeddedEngine(*self._arguments)
        scout.load_state(state)
        return scout

    def _next_ratios(self) -> dict[str, float]:
        """Take a step, and return each group's |Δw|/|w| in it."""
        self.run(1, lambda: True)
        return {group.name: group.update_ratio for group in self.groups()}

    def _set_clip(self, command: Clip) -> CommandResult:
        if command == self._stepper.clip:
            return CommandResult(False, f"already so: {to_text(command)}")
        self._stepper.clip = command
        how = "no longer clipped" if command.by == "off" else f"clipped by {command.by}"
        return CommandResult(
            True, f"gradients are {how}" + (f", {command.limit:g}" * (command.by != "off"))
        )

    def _follow_freezes(self) -> None:
        """Ask for gradients of what is not frozen, and of nothing else; hold its buffers still."""
        self._stepper.invalidate_plans()
        self._stepper.trained = tuple(n for n in self._parameters if n not in self._frozen)
        frozen = self._frozen.frozen_since()
        self._model.freeze_norm_stats(self._owners, frozen)
        self._frozen.hold_buffers(self._owners.held_buffers(frozen))
