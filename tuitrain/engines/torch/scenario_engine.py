# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The engine of scenarios in PyTorch: it has the loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import torch

from tuitrain.commands import AnyCommand
from tuitrain.metric_info import MetricInfo
from tuitrain.predicates import always
from tuitrain_core.data import DataLoader
from tuitrain_core.losses import default_loss

from ..batch_view import BatchView, InspectBatch
from ..capabilities import Capabilities, Capability
from ..factory import EngineSpec
from ..grouping.preview import compare_next_updates
from ..grouping.rehearsal import RehearsalEngine
from ..inspection import NetworkView
from ..pending_step import HoldCondition, PendingStep, meets_condition
from ..trainable import WarmUpProgress, ignore_batch, ignore_progress
from ..views import LayerUnits
from .buffers import MutableState
from .dead_units import find_dead_units
from .engine import TorchEngine
from .evaluation import Evaluator
from .losses import make_loss
from .model_groups import ModelGroups, simulate_groups
from .network.inspector import NetworkInspector
from .pending import TorchPendingStep
from .rng import OwnRandom
from .scenario_steps import ScenarioSteps, as_tensors
from .updates import Updates

BURST_SECONDS: Final = 0.04
"""Seconds after which a burst asks whether it is to stop."""

_REASONS: Final[Mapping[Capability, str]] = {
    Capability.PYTHON_EXPORT: "a run in PyTorch is not saved as a program",
}


class TorchScenarioEngine(TorchEngine):
    """Trains a `torch.nn.Module` on the data of a scenario; see `Engine`.

    Parameters
    ----------
    spec : its parts; its model is a `torch.nn.Module`
    clock : returns a monotonic time in seconds

    Raises
    ------
    RefusedError : the groups do not fit the model's parameters
    """

    capabilities = Capabilities(frozenset(Capability) - {*_REASONS}, _REASONS)
    has_reported = False
    is_steerable = True

    def __init__(self, spec: EngineSpec, clock: Callable[[], float] = time.perf_counter) -> None:
        self._spec, self._clock = spec, clock
        self._own_random = random = OwnRandom(spec.seed)
        with random.scope():
            model = spec.make_model()
        model.train()
        self._loader = DataLoader(spec.train, spec.batch_size, spec.seed)
        groups = ModelGroups(model, spec.groups)
        super().__init__(model, groups, random, len(self._loader))
        loss = spec.loss
        if loss is None and not callable(getattr(model, "loss", None)):
            loss = make_loss(default_loss(spec.train), {})
        self._steps = ScenarioSteps(model, self._loader, loss)
        self._evaluator = Evaluator(self._steps, spec.test, loss, spec.metrics)
        self._updates = Updates(groups, self._buffers)
        self._mutable = MutableState(self._buffers, random)
        self._network = NetworkInspector(model, groups.table)
        self._step = 0
        self._is_interrupted = False
        self._error: Exception | None = None
        for parameter in groups.parameters.values():
            parameter.requires_grad_(True)  # the scenario alone says what is frozen
        self._freeze_at_start([plan.name for plan in spec.groups if plan.frozen])

    @property
    def step(self) -> int:
        """Steps taken."""
        return self._step

    @property
    def batch_size(self) -> int:
        """Samples in a full batch."""
        return self._loader.batch_size

    @property
    def samples_per_epoch(self) -> int:
        """Samples in one pass over the training data."""
        return len(self._loader.dataset)

    @property
    def metrics(self) -> tuple[MetricInfo, ...]:
        """The metrics that `evaluate` measures, in order."""
        return self._spec.metric_infos

    def warm_up(self, on_progress: WarmUpProgress = ignore_progress) -> None:
        """Take a step and an evaluation with a clone, which raise the model's errors."""
        del on_progress
        clone = self._clone()
        clone.run(1, always)
        clone.evaluate()

    def run(
        self,
        steps: int,
        should_stop: Callable[[], bool],
        should_hold: Callable[[PendingStep], bool] | None = None,
        hold_condition: HoldCondition | None = None,
    ) -> Sequence[float]:
        """Take at least one and at most ``steps`` steps; see `Trainable.run`."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        losses: list[float] = []
        self._is_interrupted = False
        deadline = -math.inf
        while len(losses) < steps:
            is_last = len(losses) + 1 == steps or self._clock() >= deadline
            self._updates.is_measured = is_last or should_hold is not None
            try:
                loss = self._take(losses, should_hold, hold_condition)
            except Exception as error:
                if not losses:
                    raise
                self._error = error
                break
            if loss is None:
                break
            losses.append(loss)
            if self._is_interrupted or self._clock() >= deadline:
                deadline, self._is_interrupted = self._clock() + BURST_SECONDS, False
                if should_stop():
                    break
        return losses

    def interrupt(self) -> None:
        """End the burst under way at the next step boundary."""
        self._is_interrupted = True

    def evaluate(self, on_batch: Callable[[], None] = ignore_batch) -> Mapping[str, float]:
        """Return each of the `metrics` on the test set; see `Trainable.evaluate`."""
        with self._own_random.scope():
            return self._evaluator.measure(on_batch)

    def preview(self, command: AnyCommand) -> Mapping[str, tuple[float, float]]:
        """Compute the size of the next update after a command; see `Steerable.preview`.

        Two clones take the step, one of them after the command.
        """
        return compare_next_updates(self._clone(), self._clone(), command)

    def count_dead_units(self) -> Sequence[LayerUnits]:
        """Count the dead units in the next step's batch; see `Inspectable.count_dead_units`."""
        return self._dead_units(self._mutable.capture())

    def inspect_network(self) -> NetworkView:
        """Describe the network, and where its gradient flows; see `Inspectable.inspect_network`."""
        rows = np.arange(min(2, len(self._loader.dataset)))
        inputs, targets = map(as_tensors, self._loader.samples(rows))
        with self._own_random.scope(), self._mutable.kept(), self._evaluator.eval_mode():
            self._network.trace(lambda: self._steps.trace_pass(inputs, targets), inputs)
        frozen = self._frozen.frozen_since()
        return self._network.view(self.step, frozen, self._buffers.held_modules(frozen))

    def inspect_batch(self, request: InspectBatch) -> BatchView:
        """Show samples with the network's predictions; see `Inspectable.inspect_batch`."""
        with self._own_random.scope():
            return self._evaluator.inspect_batch(request, self._step)

    def rehearsal(self) -> RehearsalEngine:
        """Return an engine that follows commands and does not train; see `Engine.rehearsal`."""
        groups = simulate_groups(self.model, self._spec.groups, self.steps_per_epoch)
        return RehearsalEngine(groups, self._spec, self.count_dead_units)

    def _take(
        self,
        before: Sequence[float],
        should_hold: Callable[[PendingStep], bool] | None,
        condition: HoldCondition | None,
    ) -> float | None:
        """Take a step and return its loss, or None if it was held."""
        begun = self._mutable.capture() if should_hold is not None else None
        loss = self._differentiate()
        if should_hold is not None and begun is not None:
            count = partial(self._dead_units, begun)
            pending = TorchPendingStep(loss, tuple(before), self._table, count)
            may_hold = condition is None or meets_condition(pending, condition)
            if may_hold and should_hold(pending):
                self._mutable.restore(begun)
                return None
        with self._own_random.scope():
            self._updates.update_groups(self._step)
        self._step += 1
        if self._pruning.is_waiting:
            self._pruning.retry()
        return loss

    def _differentiate(self) -> float:
        """Compute loss and gradients of the step's batch, and return the loss."""
        for parameter in self._parameters.values():
            parameter.grad = None
        with self._own_random.scope():
            loss = self._steps.loss(self._step)
            if loss.requires_grad:
                loss.backward()
        self._updates.drop_frozen()
        return float(loss.detach())

    def _dead_units(self, begun: Any) -> Sequence[LayerUnits]:
        """Run a step's batch forward from the state ``begun``; the present state is kept."""
        now = self._mutable.capture()
        self._mutable.restore(begun)
        inputs = as_tensors(self._loader.batch(self._step)[0])
        try:
            with self._own_random.scope():
                dead_by_layer = find_dead_units(
                    lambda: self._steps.outputs(inputs), self._parameters
                )
        finally:
            self._mutable.restore(now)
        return tuple(
            LayerUnits(
                name,
                self.group_of(name),
                dead.numel(),
                int(dead.sum()),
                tuple(torch.nonzero(dead).flatten().tolist()),
            )
            for name, dead in dead_by_layer.items()
        )

    def _clone(self) -> TorchScenarioEngine:
        """Build another engine with the same parts, in this state."""
        clone = TorchScenarioEngine(self._spec, self._clock)
        clone.load_state(self.state())
        return clone

    def _jump(self, step: int) -> None:
        self._step, self._error = step, None
