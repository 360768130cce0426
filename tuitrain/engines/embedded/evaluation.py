"""Evaluation of the network, without training it."""

from __future__ import annotations

import numpy as np

from tuitrain_core.compiler import Recording
from tuitrain_core.data import DataLoader, Dataset

from ..inspection import BatchView, InspectBatch
from ..state import Array
from .batch_inspection import Predictions, build_batch_view, predict_classes
from .model import SeededModel

TEST_BATCH = 500


class Evaluator:
    """Evaluates the test set and training samples; training is not affected.

    Parameters
    ----------
    model : what is evaluated
    loader : of the training set
    test : the test set
    """

    def __init__(self, model: SeededModel, loader: DataLoader, test: Dataset) -> None:
        self._model = model
        self._loader = loader
        self._test = DataLoader(test, TEST_BATCH, shuffle=False)
        self._recording = Recording(model.module, self._test, training=False)

    def accuracy(self, threads: int) -> float:
        """Return the accuracy on the test set, from 0 to 1, computed by this many threads."""
        batches = (self.logits(index, threads) for index in range(len(self._test)))
        right = sum(
            int(np.count_nonzero(predict_classes(out) == labels)) for out, labels in batches
        )
        return right / len(self._test.dataset)

    def logits(self, index: int, threads: int) -> tuple[Array, Array]:
        """Return the logits of a batch of the test set, and its labels."""
        with self._model.rng_scope():
            recorded = self._recording.batch_logits(index, threads)
        if recorded is not None:
            return recorded
        images, labels = self._test.batch(index)
        return self._model.logits(images), labels

    def inspect_batch(self, request: InspectBatch, step: int, threads: int) -> BatchView:
        """Show samples with the network's predictions; see `Inspectable.inspect_batch`."""
        batches = (self.logits(index, threads) for index in range(len(self._test)))
        test = Predictions.from_batches(self._test.dataset, batches)
        upcoming = self._loader.batch_indices(step)
        return build_batch_view(
            request, step, test, self._loader.dataset, upcoming, self._logits_of
        )

    def _logits_of(self, rows: Array) -> Array:
        """Return the logits of training samples, given their indices."""
        images, labels = self._loader.samples(rows)
        recorded = self._recording.compute_logits(images, labels)
        return self._model.logits(images) if recorded is None else recorded
