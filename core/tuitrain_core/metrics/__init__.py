"""Metrics of outputs on a test set, accumulated batch by batch in float64."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..errors import CoreError
from .base import CallableMetric, LossMetric, Metric
from .classification import Accuracy, BinaryAccuracy, Perplexity, Top5, predict_classes
from .regression import MAE, MSE, R2, RMSE

METRICS: Final[Mapping[str, type[Metric]]] = {
    metric.name: metric for metric in (Accuracy, Top5, MAE, MSE, RMSE, R2, Perplexity, LossMetric)
}
"""The metrics by name. All are made without arguments but `LossMetric`, which takes the loss."""

FIRST_CLASS: Final[Mapping[str, int]] = {"binary_cross_entropy": 0, "hinge": -1}
"""The losses with one output for two classes, and the target of the first; the second's is 1."""


def make_metric(name: str, loss: str = "") -> Metric:
    """Return a metric that has seen no batch.

    Parameters
    ----------
    name : one of `METRICS`, apart from the loss
    loss : the name of the run's loss, which decides how the accuracy reads outputs; "" for others

    Raises
    ------
    CoreError : the metric is the loss
    """
    if name == Accuracy.name and loss in FIRST_CLASS:
        return BinaryAccuracy(FIRST_CLASS[loss])
    if name == LossMetric.name:
        raise CoreError("the metric test_loss is made with its loss")
    return _made(METRICS[name])


def _made(kind: type[Metric]) -> Metric:
    return kind()


__all__ = [
    "MAE",
    "FIRST_CLASS",
    "METRICS",
    "MSE",
    "R2",
    "RMSE",
    "Accuracy",
    "BinaryAccuracy",
    "CallableMetric",
    "LossMetric",
    "Metric",
    "Perplexity",
    "Top5",
    "make_metric",
    "predict_classes",
]
