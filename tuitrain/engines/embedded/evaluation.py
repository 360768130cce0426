"""Evaluation of the network, without training it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tuitrain_core import tape, tensor
from tuitrain_core.compiler import Recording
from tuitrain_core.data import DataLoader, Dataset
from tuitrain_core.losses import LOSSES, Loss
from tuitrain_core.metrics import METRICS, CallableMetric, LossMetric, Metric, make_metric
from tuitrain_core.tensor import Tensor

from ..batch_view import BatchView, InspectBatch
from ..dataset_view import OF_NUMBERS, build_batch_view
from ..factory import MetricPlan
from ..state import Array
from ..trainable import ignore_batch
from .frozen_outputs import FrozenOutputs
from .model import SeededModel

TEST_BATCH = 500


class Evaluator:
    """Evaluates the test set and training samples; training is not affected.

    Parameters
    ----------
    model : the network to evaluate
    loader : of the training set
    test : the test set
    loss : see `Recording`
    metrics : the metrics of the test set
    cache_budget : returns the bytes that kept outputs for the test set may take

    Attributes
    ----------
    frozen_outputs : keeps what the frozen layers at the bottom compute for the test set
    """

    def __init__(
        self,
        model: SeededModel,
        loader: DataLoader,
        test: Dataset,
        loss: Loss | None,
        metrics: Sequence[MetricPlan],
        cache_budget: Callable[[], int],
    ) -> None:
        self._model = model
        self._loader = loader
        self._test = DataLoader(test, TEST_BATCH, shuffle=False, augment=False)
        self._loss = loss
        self._plans = metrics
        self._loss_name = next((name for name in OF_NUMBERS if loss is LOSSES[name]), "")
        self._recording = Recording(model.module, self._test, training=False, loss=loss)
        self.frozen_outputs = FrozenOutputs(self._test, model.parameters, cache_budget)

    def measure(
        self,
        threads: int,
        max_batches: int | None = None,
        on_batch: Callable[[], None] = ignore_batch,
    ) -> Mapping[str, float]:
        """Return the metrics of the test set by name.

        Parameters
        ----------
        threads : how many compute the outputs
        max_batches : measure no more than the first batches (default: all)
        on_batch : called after each batch; see `Trainable.evaluate`
        """
        metrics = {plan.info.name: self._make_metric(plan) for plan in self._plans}
        of_outputs = [metric for metric in metrics.values() if not isinstance(metric, _OwnLoss)]
        for index in range(len(self._test))[:max_batches]:
            for metric in metrics.values():
                if isinstance(metric, _OwnLoss):
                    metric.add(*self._test.batch(index))
            if of_outputs:
                outputs, targets = self.outputs(index, threads)
                for metric in of_outputs:
                    metric.update(outputs, targets)
            on_batch()
        return {name: metric.compute() for name, metric in metrics.items()}

    def _make_metric(self, plan: MetricPlan) -> Metric:
        """Return a metric that has seen no batch."""
        if plan.function is not None:
            return CallableMetric(plan.function, plan.info.name)
        if METRICS[plan.info.name] is not LossMetric:
            return make_metric(plan.info.name, self._loss_name)
        return _OwnLoss(self._model) if self._loss is None else LossMetric(_as_number(self._loss))

    def outputs(self, index: int, threads: int) -> tuple[Array, Array]:
        """Return the outputs for a batch of the test set, and its targets."""
        with self._model.rng_scope():
            program = self._recording.program()
            cache = program and self.frozen_outputs.cache(program[0])
            recorded = self._recording.batch_outputs(index, threads, cache)
        if recorded is not None:
            return recorded
        inputs, targets = self._test.batch(index)
        return self._model.outputs(inputs), targets

    def inspect_batch(self, request: InspectBatch, step: int, threads: int) -> BatchView:
        """Show samples with the network's predictions; see `Inspectable.inspect_batch`."""
        return build_batch_view(
            request,
            step,
            (self._loader.dataset, self._test.dataset),
            self._loader.batch_indices(step),
            (self.outputs(index, threads) for index in range(len(self._test))),
            self._outputs_of,
            self._loss_name,
        )

    def _outputs_of(self, rows: Array) -> tuple[Array, Array]:
        """Return outputs and targets of training samples, given their indices."""
        inputs, targets = self._loader.samples(rows)
        recorded = self._recording.compute_outputs(inputs, targets)
        return (self._model.outputs(inputs) if recorded is None else recorded), targets


class _OwnLoss(LossMetric):
    """The mean loss of a model that has its own, as a method ``loss``: it needs the inputs."""

    def __init__(self, model: SeededModel) -> None:
        super().__init__(lambda loss, _: float(loss))
        self._model = model

    def add(self, inputs: Array | tuple[Array, ...], targets: Array) -> None:
        """Add a batch."""
        several = tuple(map(tensor, inputs)) if isinstance(inputs, tuple) else tensor(inputs)
        with self._model.rng_scope(), tape.paused(), self._model.eval_mode():
            model: Any = self._model.module
            loss: Tensor = model.loss((several, tensor(targets)))
        self.update(loss.numpy(), targets)


def _as_number(loss: Loss) -> Callable[[Array, Array], float]:
    """Return a loss as a function of arrays."""

    def compute(outputs: Array, targets: Array) -> float:
        with tape.paused():
            return float(loss(tensor(outputs), tensor(targets)).numpy())

    return compute
