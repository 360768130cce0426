"""The embedded engine: the core's model, optimizers and loader, steered between steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tuitrain.commands import AnyCommand, Clip, Freeze
from tuitrain.metric_info import MetricInfo
from tuitrain.predicates import always
from tuitrain_core import threads
from tuitrain_core.data import DataLoader
from tuitrain_core.losses import Loss, default_loss, make_loss
from tuitrain_core.module import Module
from tuitrain_core.native import compile_kernels

from ..batch_view import BatchView, InspectBatch
from ..capabilities import EVERY_CAPABILITY
from ..factory import EngineSpec
from ..grouping.preview import compare_next_updates
from ..grouping.rehearsal import RehearsalEngine
from ..inspection import NetworkView
from ..pending_step import HoldCondition, PendingStep
from ..state import EngineState
from ..steerable import CommandResult
from ..trainable import WarmUpProgress, ignore_batch, ignore_progress
from ..views import FrozenCache, LayerUnits
from .evaluation import Evaluator
from .grouped_network import GroupedNetwork
from .holdable_steps import HoldableSteps
from .model import SeededModel
from .network_inspector import NetworkInspector
from .optimizers import (
    compile_optimizers,
    make_table,
    simulate_groups,
)
from .stepper import Stepper
from .training import Training


class EmbeddedEngine(GroupedNetwork):
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
    has_reported = False
    is_steerable = True

    def __init__(self, spec: EngineSpec) -> None:
        threads.limit_blas_threads()
        self._spec = spec
        model = SeededModel(spec.make_model, spec.seed)
        self.loader = DataLoader(spec.train, spec.batch_size, spec.seed)
        table = make_table(model.parameters, spec.groups, model.module.aliases())
        self._inspector = NetworkInspector(model, self.loader, table)
        super().__init__(model, table, self._inspector.structure, len(self.loader))
        loss = _loss_of(model.module, spec)
        self.stepper = Stepper(model.module, self.loader, table, model.parameters, loss)
        self.evaluator = Evaluator(
            *(model, self.loader, spec.test, loss, spec.metrics), self.stepper.free_cache_bytes
        )
        self._holdable = HoldableSteps(self.stepper, model, table)
        self._training = Training(model, self.stepper, self._holdable)
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

    @property
    def clip(self) -> Clip:
        """How gradients are clipped."""
        return self.stepper.clip

    def warm_up(self, on_progress: WarmUpProgress = ignore_progress) -> None:
        """Compile every kernel that training, evaluation or a swap calls.

        A clone of this engine takes the step, so its state is not changed.
        """
        compile_kernels(self.stepper.kernels(), on_progress)
        clone = self._clone(self.state())
        clone.run(1, always)
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
        """The metrics that `evaluate` measures, in order."""
        return self._spec.metric_infos

    def evaluate(self, on_batch: Callable[[], None] = ignore_batch) -> Mapping[str, float]:
        """Return each of the `metrics` on the test set; see `Trainable.evaluate`."""
        return self.evaluator.measure(self.stepper.threads, on_batch=on_batch)

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
        return compare_next_updates(self._clone(state), self._clone(state), command)

    @property
    def fallback_reason(self) -> str:
        """Why steps are taken operation by operation; see `Inspectable.fallback_reason`."""
        return self.stepper.fallback_reason

    @property
    def frozen_cache(self) -> FrozenCache | None:
        """The cached outputs of frozen layers; see `Inspectable.frozen_cache`."""
        view = self.stepper.frozen_outputs.view
        tested = self.evaluator.frozen_outputs.view
        return view and replace(view, nbytes=view.nbytes + (tested.nbytes if tested else 0))

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

    def rehearsal(self) -> RehearsalEngine:
        """Return an engine that follows commands and does not train; see `Engine.rehearsal`."""
        groups = simulate_groups(self.model.module, self._spec.groups, len(self.loader))
        return RehearsalEngine(groups, self._spec, self.count_dead_units)

    def _clone(self, state: EngineState) -> EmbeddedEngine:
        """Build another engine with the same parts, in this state."""
        clone = EmbeddedEngine(self._spec)
        clone.load_state(state)
        return clone

    def _clip_by(self, command: Clip) -> None:
        self.stepper.clip = command

    def _jump(self, step: int) -> None:
        self._training.jump(step)

    def _follow_freezes(self) -> None:
        """Compute gradients only of parameters that are not frozen, and hold frozen buffers."""
        self.stepper.invalidate_plans()
        self.stepper.trained = tuple(n for n in self._parameters if n not in self._frozen)
        frozen = self._frozen.frozen_since()
        self.model.freeze_norm_stats(self._owners, frozen)
        held = self._owners.held_buffers(frozen)
        self._frozen.hold_buffers(held)
        buffers = self.model.module.named_buffers()
        changing = [
            *(self._parameters[name] for name in self.stepper.trained),
            *(buffer for name, buffer in buffers if name not in held),
        ]
        for outputs in (self.stepper.frozen_outputs, self.evaluator.frozen_outputs):
            outputs.follow(changing, bool(frozen))


def _loss_of(module: Module, spec: EngineSpec) -> Loss | None:
    """Return the loss of a run; None if the module has its own, as a method ``loss``."""
    if spec.loss is None and not callable(getattr(module, "loss", None)):
        return make_loss(default_loss(spec.train))
    return spec.loss
