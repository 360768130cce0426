"""Predictions on the test set and on single batches, as a view."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from tuitrain.errors import RefusedError
from tuitrain_core.data import Dataset
from tuitrain_core.metrics import predict_classes

from ..inspection import NO_PREDICTION, BatchView, InspectBatch
from ..state import Array, read_only

MAX_SAMPLES: Final = 96
"""The most samples shown; no screen has room for more."""


def confidence(logits: Array) -> Array:
    """Return the softmax of the highest output; NaN where an output is NaN."""
    with np.errstate(all="ignore"):
        powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
        return powers.max(axis=1) / powers.sum(axis=1)


def _labels(dataset: Dataset) -> Array:
    """Return the labels of images.

    Raises
    ------
    RefusedError : the data has no images with class numbers
    """
    targets = dataset.targets
    if targets is None or not dataset.has_class_targets or targets.ndim != 1:
        raise RefusedError("only samples with one class number each can be shown")
    return targets


@dataclass(frozen=True, eq=False)
class Predictions:
    """The network's predictions on the test set, one entry for each sample."""

    dataset: Dataset
    labels: Array
    predictions: Array
    confidence: Array

    @classmethod
    def from_batches(cls, dataset: Dataset, batches: Iterable[tuple[Array, Array]]) -> Predictions:
        """Collect the predictions from batches of logits and labels."""
        # The logits may be a program's own memory, which the next batch writes over.
        parts = [(labels.copy(), predict_classes(out), confidence(out)) for out, labels in batches]
        return cls(dataset, *map(np.concatenate, zip(*parts, strict=True)))

    @property
    def mistakes(self) -> Array:
        """The misclassified samples, the most confident first; those without a prediction last."""
        wrong = np.flatnonzero(self.predictions != self.labels)
        return wrong[np.argsort(-np.nan_to_num(self.confidence[wrong], nan=-1.0), kind="stable")]

    def confusion(self) -> Array:
        """Count the samples by label and prediction: int (K, K)."""
        sure = self.predictions != NO_PREDICTION
        K = max(self.dataset.classes or 0, int(self.predictions.max(initial=0)) + 1)
        counts = np.zeros((K, K), np.int64)
        np.add.at(counts, (self.labels[sure], self.predictions[sure]), 1)
        return counts


def build_batch_view(
    request: InspectBatch,
    step: int,
    test: Predictions,
    train: Dataset,
    upcoming: Array,
    logits_of: Callable[[Array], Array],
) -> BatchView:
    """Build the view that a request asks for.

    Parameters
    ----------
    upcoming : the indices of the training samples in the next step's batch
    logits_of : returns the logits of training samples, given their indices
    """
    if request.samples == "next":
        source, rows = train, upcoming[:MAX_SAMPLES]
        outputs = logits_of(rows)
        guesses, sure = predict_classes(outputs), confidence(outputs)
    else:
        probe = np.arange(len(test.labels))
        source, rows = test.dataset, (test.mistakes if request.samples == "mistakes" else probe)
        rows = rows[:MAX_SAMPLES]
        guesses, sure = test.predictions[rows], test.confidence[rows]
    return BatchView(
        request=request,
        step=step,
        inputs=read_only(source.input_arrays[0][rows]),
        labels=read_only(_labels(source)[rows]),
        predictions=read_only(guesses),
        confidence=read_only(sure),
        confusion=read_only(test.confusion()),
        nan_count=int(np.count_nonzero(test.predictions == NO_PREDICTION)),
    )
