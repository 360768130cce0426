"""Evaluation of the network, without training it."""

from __future__ import annotations

import numpy as np

from tuitrain_core.compiler import Recording
from tuitrain_core.data import DataLoader, Dataset
from tuitrain_core.losses import Loss

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
    loss : see `Recording`
    """

    def __init__(
        self, model: SeededModel, loader: DataLoader, test: Dataset, loss: Loss | None
    ) -> None:
        self._model = model
        self._loader = loader
        self._test = DataLoader(test, TEST_BATCH, shuffle=False)
        self._recording = Recording(model.module, self._test, training=False, loss=loss)

    def accuracy(self, threads: int) -> float:
        """Return the accuracy on the test set, from 0 to 1, computed by this many threads."""
        batches = (self.outputs(index, threads) for index in range(len(self._test)))
        right = sum(
            int(np.count_nonzero(predict_classes(out) == labels)) for out, labels in batches
        )
        return right / len(self._test.dataset)

    def outputs(self, index: int, threads: int) -> tuple[Array, Array]:
        """Return the outputs for a batch of the test set, and its targets."""
        with self._model.rng_scope():
            recorded = self._recording.batch_outputs(index, threads)
        if recorded is not None:
            return recorded
        inputs, targets = self._test.batch(index)
        return self._model.outputs(inputs), targets

    def inspect_batch(self, request: InspectBatch, step: int, threads: int) -> BatchView:
        """Show samples with the network's predictions; see `Inspectable.inspect_batch`."""
        batches = (self.outputs(index, threads) for index in range(len(self._test)))
        test = Predictions.from_batches(self._test.dataset, batches)
        upcoming = self._loader.batch_indices(step)
        return build_batch_view(
            request, step, test, self._loader.dataset, upcoming, self._outputs_of
        )

    def _outputs_of(self, rows: Array) -> Array:
        """Return the outputs for training samples, given their indices."""
        inputs, targets = self._loader.samples(rows)
        recorded = self._recording.compute_outputs(inputs, targets)
        return self._model.outputs(inputs) if recorded is None else recorded
