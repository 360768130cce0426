"""Dead units: the units of a layer that never fire in a forward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from tuitrain_core import Parameter, tape
from tuitrain_core.autodiff import GradManager
from tuitrain_core.compiler import Program, Value
from tuitrain_core.ops import (
    AvgPool2d,
    BatchNormInference,
    BatchNormTraining,
    Conv2d,
    Dropout,
    Linear,
    MaxPool2d,
    Op,
    ReLU,
)

from ..state import Array

CHANNELS, FEATURES = 1, -1
"""The axis of the units in the output of a convolution and of a linear layer."""

LAYERS = (Conv2d, Linear)
"""Operations with units."""

APART = (BatchNormTraining, BatchNormInference, MaxPool2d, AvgPool2d, Dropout)
"""Operations between a layer and its ReLU that keep the units separate."""


def find_dead_units(
    forward: Callable[[], object], parameters: Mapping[str, Parameter]
) -> dict[str, Array]:
    """Find the dead units of each layer that a ReLU follows.

    A layer is a convolution or a linear layer; between it and the ReLU there may be normalization,
    pooling and dropout, which keep the units separate.

    Parameters
    ----------
    forward : computes the outputs of a batch
    parameters : every parameter by name, frozen or not

    Returns
    -------
    For each layer, by the name of its weight, a bool for each unit: whether the ReLU gives 0 for it
    everywhere. A unit of a layer that is used twice is dead if it fires in neither use.
    """
    dead_by_layer: dict[str, Array] = {}
    with GradManager().attach(parameters.values()):
        forward()
        recorded = tape.current()
        assert recorded is not None
        for name, dead in _rectified(recorded, parameters):
            dead_by_layer[name] = dead_by_layer[name] & dead if name in dead_by_layer else dead
    return dead_by_layer


def find_recorded_dead_units(
    program: Program, rows: int, parameters: Mapping[str, Parameter]
) -> dict[str, Array]:
    """Find the dead units in the batch that a program has run; see `find_dead_units`.

    Parameters
    ----------
    program : keeps the output of every ReLU
    rows : samples in the batch
    parameters : every parameter by name, frozen or not
    """
    names = {id(parameter): name for name, parameter in parameters.items()}
    layers: dict[Value, tuple[str, int]] = {}
    dead_by_layer: dict[str, Array] = {}
    for node in program.graph.nodes:
        if isinstance(node.op, LAYERS):
            name = names.get(id(node.inputs[1].tensor))
            if name is not None:
                layers[node.output] = name, _axis(node.op)
        elif isinstance(node.op, APART) and node.inputs[0] in layers:
            layers[node.output] = layers[node.inputs[0]]
        elif isinstance(node.op, ReLU) and node.inputs[0] in layers:
            name, axis = layers[node.inputs[0]]
            dead = _dead(program.read_value(node.output, rows), axis)
            dead_by_layer[name] = dead_by_layer[name] & dead if name in dead_by_layer else dead
    return dead_by_layer


def _axis(op: Op) -> int:
    return CHANNELS if isinstance(op, Conv2d) else FEATURES


def _dead(rectified: Array, axis: int) -> Array:
    """Return, for each unit along an axis, whether it is 0 everywhere."""
    by_unit = np.moveaxis(rectified, axis, 0)
    return (by_unit == 0).all(axis=tuple(range(1, by_unit.ndim)))


def _rectified(
    recorded: tape.Tape, parameters: Mapping[str, Parameter]
) -> Iterator[tuple[str, Array]]:
    """Yield, for each ReLU, the layer before it and which of its units are 0 everywhere."""
    weights = {recorded.leaves[id(parameter)]: name for name, parameter in parameters.items()}
    layers: dict[tape.Node, tuple[str, int]] = {}
    for node in recorded.nodes:
        first = node.parents[0]
        if isinstance(node.op, LAYERS):
            weight = node.parents[1]
            if weight in weights:
                layers[node] = weights[weight], _axis(node.op)
        elif isinstance(node.op, APART) and first in layers:
            layers[node] = layers[first]
        elif isinstance(node.op, ReLU) and first in layers:
            name, axis = layers[first]
            yield name, _dead(node.saved, axis)
