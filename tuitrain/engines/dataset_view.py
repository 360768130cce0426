"""Predictions on the test set and on single batches, as a view."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from tuitrain_core.data import Dataset

from .batch_results import Results
from .batch_view import MAX_SAMPLES, BatchView, InspectBatch, Reconstructions
from .class_results import ClassResults, are_classes
from .error_results import NumberResults, ReconstructionResults
from .sample_inputs import as_drawable, describe_inputs
from .state import Array

OF_NUMBERS: Final = ("square_loss", "l1", "binary_cross_entropy", "hinge")
"""The losses whose outputs are numbers and not scores of classes."""

OF_LOGITS: Final = "binary_cross_entropy"
"""The loss of these whose outputs are logits."""


def build_batch_view(
    request: InspectBatch,
    step: int,
    datasets: tuple[Dataset, Dataset],
    upcoming: Array,
    test_batches: Iterable[tuple[Array, Array]],
    outputs_of: Callable[[Array], tuple[Array, Array]],
    loss: str,
) -> BatchView:
    """Build the view that a request asks for.

    Parameters
    ----------
    datasets : the training set and the test set
    upcoming : the indices of the training samples in the next step's batch
    test_batches : outputs and targets of the whole test set, in order; the arrays may be written
        over by the next batch
    outputs_of : returns outputs and targets of training samples, given their indices
    loss : the name of the loss; "" if it is another

    Raises
    ------
    RefusedError : the outputs do not fit the targets
    """
    train, test = datasets
    results: Results | None = None
    for outputs, targets in test_batches:
        if results is None:
            results = _make_results(request, test, outputs, targets, loss)
        results.add(outputs, targets)
    assert results is not None, "a test set has a sample"
    if request.samples == "next":
        source, rows = train, upcoming[:MAX_SAMPLES]
        view = results.view_of(*outputs_of(rows))
    else:
        source, rows, view = test, results.rows(), results.view()
    inputs = describe_inputs(
        source.input_arrays, rows, source.feature_names, source.vocabulary or test.vocabulary
    )
    if isinstance(view, Reconstructions):
        if inputs.kind == "tokens":  # outputs are not whole numbers
            inputs = replace(inputs, kind="row", vocabulary=())
        view = replace(view, outputs=as_drawable(inputs.kind, view.outputs))
    return BatchView(request, step, inputs, view)


def _make_results(
    request: InspectBatch, test: Dataset, outputs: Array, targets: Array, loss: str
) -> Results:
    """Return what collects results of this kind."""
    of_numbers, logits = loss in OF_NUMBERS, loss == OF_LOGITS
    if are_classes(outputs, targets) and not of_numbers:
        classes = test.classes or int(np.max(targets)) + 1
        return ClassResults(request.samples, classes, _class_names(test, targets))
    if test.targets is None:
        scale = 255.0 if test.input_arrays[0].dtype == np.uint8 else 1.0
        return ReconstructionResults(request.samples, logits, test.mean, test.std, scale)
    return NumberResults(request.samples, logits)


def _class_names(dataset: Dataset, targets: Array) -> tuple[str, ...]:
    """Return the names of classes; classes of tokens have those of the vocabulary."""
    of_tokens = targets.ndim > 1 and dataset.input_arrays[0].dtype == np.int32
    return tuple(dataset.class_names or (dataset.vocabulary if of_tokens else ()))
