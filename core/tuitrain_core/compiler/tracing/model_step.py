"""Tracing the step of a model, with the batch sizes of its loader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from ... import random
from ...data import DataLoader
from ...errors import CoreError
from ...module import Module
from ...ops.base import Array
from ..graph import Graph
from .guards import AttributeGuard, NotRecordableError
from .python_values import PythonValues
from .trace import Forward, InputArrays, capture, first_input, take_samples, trace

Batch: TypeAlias = tuple[InputArrays, Array | None]
"""Inputs and targets; without targets, the first input is them."""


def trace_model_step(
    model: Module, loader: DataLoader, loss: Forward, training: bool, functions: Sequence[object]
) -> Graph:
    """Trace a model's step on its first batch, and restore the state that the trace changed.

    Parameters
    ----------
    loader : gives the first batch, and the batch sizes that the step must be the same for
    loss : maps inputs and targets to the model's loss
    training : whether the model is in training mode while it is traced
    functions : of the user, which the step calls; a Python value that they change is not the same
        for every batch

    Raises
    ------
    NotRecordableError : the step is not the same for every batch, or changes the model or a Python
        value
    """
    buffers = [(buffer.memory(), buffer.memory().copy()) for buffer in model.buffers()]
    rng_state = random.get_state()
    model.train(training)
    attributes, values = AttributeGuard(model), PythonValues(functions)
    try:
        return _trace_all_sizes(model, loader, loss, functions)
    except NotRecordableError as problem:
        name = values.changed_name()
        attributes.restore()
        values.restore()
        if name and name not in str(problem):
            raise NotRecordableError(f"{problem}; it changes {name}") from None
        raise
    finally:
        model.train()
        for array, saved in buffers:
            array[...] = saved
        random.set_state(rng_state)


def _trace_all_sizes(
    model: Module, loader: DataLoader, loss: Forward, functions: Sequence[object]
) -> Graph:
    """Trace a step with the sizes of a whole batch and of an epoch's last batch."""
    batch = _first_batch(loader)
    count = len(first_input(batch[0]))
    whole, last = len(loader.batch_indices(0)), len(loader.batch_indices(len(loader) - 1))
    second_size = last if 1 < last < count else max(2, count // 2)
    graph = trace(loss, *batch, second_size)
    if 1 in (whole, last):
        _check_single_sample(loss, batch)
    _check_repeatable(model, loss, functions, take_samples(*batch, second_size))
    return graph


def _check_repeatable(
    model: Module, loss: Forward, functions: Sequence[object], batch: Batch
) -> None:
    """Check that one more forward pass changes neither the model nor a Python value."""
    before, values = AttributeGuard(model), PythonValues(functions)
    capture(loss, *batch)
    changed = AttributeGuard(model).changed_since(before)
    if changed:
        raise NotRecordableError(
            f"the forward pass changes {changed[0]} of the model, and a recorded step would not"
        )
    if name := values.changed_name():
        raise NotRecordableError(
            f"the forward pass or the loss changes {name}, and a recorded step would not"
        )


def _check_single_sample(loss: Forward, batch: Batch) -> None:
    """Check that a batch of one sample takes the same step.

    A norm layer of rows refuses one sample; then the step of that batch raises the same error when
    it is taken.
    """
    try:
        trace(loss, *batch, 1)
    except NotRecordableError:
        raise
    except CoreError:
        return


def _first_batch(loader: DataLoader) -> Batch:
    """Return the first batch; fewer than three samples are repeated to make four.

    A trace compares two batches of different size, and a norm layer of rows needs two samples in
    each.
    """
    inputs, targets = loader.batch(0)
    repeats = {1: 4, 2: 2}.get(len(targets), 1)

    def repeated(array: Array) -> Array:
        return np.concatenate([array] * repeats)

    several = isinstance(inputs, tuple)
    arrays = tuple(map(repeated, inputs)) if several else repeated(inputs)
    return arrays, None if loader.dataset.targets is None else repeated(targets)
