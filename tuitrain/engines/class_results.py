"""The results of a test set with class numbers as targets."""

from __future__ import annotations

import numpy as np

from .batch_results import no_fit
from .batch_view import (
    MAX_MATRIX_CLASSES,
    MAX_PAIRS,
    MAX_SAMPLES,
    NO_PREDICTION,
    ClassTargets,
    ConfusedPair,
    Confusions,
    SampleSelection,
)
from .state import Array, read_only


def class_axis(outputs: Array, targets: Array) -> int | None:
    """Return the axis of the classes: the second, or else the last; None if neither fits."""
    if outputs.ndim < 2:
        return None
    if outputs.shape[:1] + outputs.shape[2:] == targets.shape:
        return 1
    return outputs.ndim - 1 if outputs.shape[:-1] == targets.shape else None


def are_classes(outputs: Array, targets: Array) -> bool:
    """Return whether the outputs are the scores of several classes for targets that are numbers."""
    axis = class_axis(outputs, targets)
    is_whole = targets.dtype.kind in "iu"
    return is_whole and axis is not None and (outputs.shape[axis] > 1 or not targets.any())


def confidence(logits: Array, axis: int = 1) -> Array:
    """Return the softmax of the highest output; NaN where an output is NaN or infinite."""
    with np.errstate(all="ignore"):
        powers = np.exp(logits.astype(np.float64) - logits.max(axis=axis, keepdims=True))
        return powers.max(axis=axis) / powers.sum(axis=axis)


def predict(logits: Array, axis: int = 1) -> Array:
    """Return the class with the highest output; `NO_PREDICTION` where one is NaN."""
    return np.where(np.isnan(logits).any(axis=axis), NO_PREDICTION, logits.argmax(axis=axis))


def count_confusions(labels: Array, predictions: Array, classes: int) -> Confusions:
    """Count labels by class and prediction.

    Parameters
    ----------
    labels, predictions : int, of one shape
    classes : K, more than any label
    """
    labels, predictions = labels.reshape(-1), predictions.reshape(-1)
    sure = predictions != NO_PREDICTION
    K = max(classes, int(predictions.max(initial=0)) + 1)
    codes = labels[sure].astype(np.int64) * K + predictions[sure]
    pairs, counts = np.unique(codes, return_counts=True)
    rows, columns = pairs // K, pairs % K
    totals = np.bincount(labels[sure], minlength=K)
    hits = np.zeros(K, np.int64)
    right = rows == columns
    hits[rows[right]] = counts[right]
    wrong = np.flatnonzero(~right)
    wrong = wrong[np.argsort(-counts[wrong], kind="stable")[:MAX_PAIRS]]
    matrix = None
    if K <= MAX_MATRIX_CLASSES:
        matrix = np.zeros((K, K), np.int64)
        matrix[rows, columns] = counts
    return Confusions(
        hits=read_only(hits),
        totals=read_only(totals),
        pairs=tuple(
            ConfusedPair(*map(int, (rows[at], columns[at], counts[at], totals[rows[at]])))
            for at in wrong
        ),
        matrix=None if matrix is None else read_only(matrix),
        nan_count=int(np.count_nonzero(~sure)),
    )


class ClassResults:
    """Class numbers; the worst samples have the most wrong predictions.

    Samples with as many wrong ones are sorted by the confidence in them, the most confident first;
    those without a prediction come last.

    Parameters
    ----------
    samples : which samples are shown
    classes : the number of classes of the data
    class_names : for views
    """

    def __init__(
        self, samples: SampleSelection, classes: int, class_names: tuple[str, ...] = ()
    ) -> None:
        self._samples = samples
        self._classes = classes
        self._names = class_names
        self._parts: list[tuple[Array, Array, Array]] = []
        self._all: tuple[Array, Array, Array] | None = None

    def add(self, outputs: Array, targets: Array) -> None:
        """Add a batch of scores (B, K, ...) or (B, ..., K), and labels (B, ...)."""
        self._parts.append(_predicted(outputs, targets))

    def _collected(self) -> tuple[Array, Array, Array]:
        if self._all is None:
            labels, guesses, sure = (
                np.concatenate(parts) for parts in zip(*self._parts, strict=True)
            )
            self._all = labels, guesses, sure
        return self._all

    def rows(self) -> Array:
        """Return the first samples, or the worst."""
        labels, guesses, sure = self._collected()
        if self._samples != "mistakes":
            return np.arange(min(len(labels), MAX_SAMPLES))
        wrong = (guesses != labels).reshape(len(labels), -1)
        counts = wrong.sum(axis=1)
        with np.errstate(invalid="ignore"):
            known = wrong & np.isfinite(sure).reshape(wrong.shape)
            total = np.where(known, np.nan_to_num(sure).reshape(wrong.shape), 0.0).sum(axis=1)
        mean = np.where(known.any(axis=1), total / np.maximum(1, known.sum(axis=1)), -1.0)
        order = np.lexsort((np.arange(len(labels)), -mean, -counts))
        return order[: np.count_nonzero(counts)][:MAX_SAMPLES]

    def view(self) -> ClassTargets:
        """Describe these samples."""
        rows = self.rows()
        labels, guesses, sure = (part[rows] for part in self._collected())
        return self._describe(labels, guesses, sure)

    def view_of(self, outputs: Array, targets: Array) -> ClassTargets:
        """Describe other samples, with the same results on the test set."""
        return self._describe(*_predicted(outputs, targets))

    def _describe(self, labels: Array, guesses: Array, sure: Array) -> ClassTargets:
        all_labels, all_guesses, _ = self._collected()
        return ClassTargets(
            read_only(labels),
            read_only(guesses),
            read_only(sure),
            count_confusions(all_labels, all_guesses, self._classes),
            self._names,
        )


def _predicted(outputs: Array, targets: Array) -> tuple[Array, Array, Array]:
    axis = class_axis(outputs, targets)
    if axis is None:
        raise no_fit(outputs, targets)
    return targets.copy(), predict(outputs, axis), confidence(outputs, axis)
