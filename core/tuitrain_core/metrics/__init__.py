"""Metrics of outputs on a test set, accumulated batch by batch in float64."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .base import CallableMetric, LossMetric, Metric
from .classification import Accuracy, Perplexity, Top5, predict_classes
from .regression import MAE, MSE, R2, RMSE

METRICS: Final[Mapping[str, type[Metric]]] = {
    metric.name: metric for metric in (Accuracy, Top5, MAE, MSE, RMSE, R2, Perplexity, LossMetric)
}
"""The metrics by name. All are made without arguments but `LossMetric`, which takes the loss."""

__all__ = [
    "MAE",
    "METRICS",
    "MSE",
    "R2",
    "RMSE",
    "Accuracy",
    "CallableMetric",
    "LossMetric",
    "Metric",
    "Perplexity",
    "Top5",
    "predict_classes",
]
