# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Evaluation of the network on the data of a scenario, without training it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from tuitrain_core.data import DataLoader, Dataset
from tuitrain_core.metrics import METRICS, CallableMetric, LossMetric, Metric, make_metric

from ..batch_view import BatchView, InspectBatch
from ..dataset_view import build_batch_view
from ..factory import MetricPlan
from ..state import Array
from ..trainable import ignore_batch
from .losses import NamedLoss
from .scenario_steps import ScenarioSteps, as_tensors

TEST_BATCH = 500


class Evaluator:
    """Evaluates the test set and training samples; training is not affected.

    Parameters
    ----------
    steps : the network, with its loss
    test : the test set
    loss : None if the model has its own
    metrics : the metrics of the test set
    """

    def __init__(
        self, steps: ScenarioSteps, test: Dataset, loss: Any, metrics: Sequence[MetricPlan]
    ) -> None:
        self._steps, self._loss, self._plans = steps, loss, metrics
        self._loss_name = loss.name if isinstance(loss, NamedLoss) else ""
        self._test = DataLoader(test, TEST_BATCH, shuffle=False, augment=False)

    def measure(self, on_batch: Callable[[], None] = ignore_batch) -> Mapping[str, float]:
        """Return the metrics of the test set by name.

        Parameters
        ----------
        on_batch : called after each batch; see `Trainable.evaluate`
        """
        metrics = {plan.info.name: self._make_metric(plan) for plan in self._plans}
        for index in range(len(self._test)):
            inputs, targets = self._test.batch(index)
            with self._inference():
                outputs = self._outputs(inputs)
                for metric in metrics.values():
                    metric.update(outputs, targets)
            on_batch()
        return {name: metric.compute() for name, metric in metrics.items()}

    def inspect_batch(self, request: InspectBatch, step: int) -> BatchView:
        """Show samples with the network's predictions; see `Inspectable.inspect_batch`."""
        loader = self._steps.loader
        with self._inference():
            return build_batch_view(
                request,
                step,
                (loader.dataset, self._test.dataset),
                loader.batch_indices(step),
                self._test_outputs(),
                self._outputs_of,
                self._loss_name,
            )

    def _test_outputs(self) -> Iterator[tuple[Array, Array]]:
        for index in range(len(self._test)):
            inputs, targets = self._test.batch(index)
            yield self._outputs(inputs), targets

    def _outputs_of(self, rows: Array) -> tuple[Array, Array]:
        inputs, targets = self._steps.loader.samples(rows)
        return self._outputs(inputs), targets

    def _outputs(self, inputs: Any) -> Array:
        return self._steps.outputs(as_tensors(inputs)).numpy()

    def _make_metric(self, plan: MetricPlan) -> Metric:
        if plan.function is not None:
            return CallableMetric(plan.function, plan.info.name)
        if METRICS[plan.info.name] is LossMetric:
            return LossMetric(self._loss_number())
        return make_metric(plan.info.name, self._loss_name)

    def _loss_number(self) -> Callable[[Array, Array], float]:
        def compute(outputs: Array, targets: Array) -> float:
            return float(self._loss(as_tensors(outputs), as_tensors(targets)))

        return compute

    @contextmanager
    def _inference(self) -> Generator[None]:
        with self.eval_mode(), torch.no_grad():
            yield

    @contextmanager
    def eval_mode(self) -> Generator[None]:
        """Put the network in evaluation mode inside."""
        model = self._steps.model
        was_training = {module: module.training for module in model.modules()}
        model.eval()
        try:
            yield
        finally:
            for module, mode in was_training.items():
                module.training = mode
