"""A batch of arrays as the input of a program: checked, and copied to its memory."""

from __future__ import annotations

from ..data import Inputs
from ..errors import CoreError, ShapeError
from ..ops.base import Array
from .planning.batch_source import check_labels
from .program import Program


def load_batch(program: Program, inputs: Inputs, targets: Array) -> int:
    """Copy a batch to a program's memory, and return how many samples it has.

    Raises
    ------
    CoreError : the program cannot take the batch
    """
    graph = program.graph
    arrays = inputs if isinstance(inputs, tuple) else (inputs,)
    rows, capacity = len(arrays[0]), program.capacity
    if not 1 <= rows <= capacity:
        raise CoreError(f"a recorded step is for 1 to {capacity} samples, but was given {rows}")
    values, batch = (*graph.inputs, graph.targets), (*arrays, targets)
    expected = [(rows, *value.shape) for value in values]
    if [array.shape for array in batch] != expected:
        raise ShapeError(
            f"a recorded step of {rows} samples takes arrays of the shapes "
            f"{', '.join(map(str, expected))} (inputs, then targets), but was given "
            f"{', '.join(str(array.shape) for array in batch)}"
        )
    for value, array in zip(values, batch, strict=True):
        if value.dtype.kind == "i" and array.dtype.kind not in "iu":
            name = "targets" if value is graph.targets else "inputs"
            raise CoreError(f"the {name} are whole numbers, but were given as {array.dtype}")
    check_labels(targets, graph)
    for memory, array in zip(program.inputs(rows), arrays, strict=True):
        memory[...] = array
    if graph.targets not in graph.inputs:
        program.targets(rows)[...] = targets
    return rows


def run_batch_forward(program: Program, inputs: Inputs, targets: Array) -> int:
    """Run a batch forward, without gradients, and return how many samples it has."""
    rows = load_batch(program, inputs, targets)
    program.differentiate(rows, [])
    return rows
