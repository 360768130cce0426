"""Dead units: what a forward pass leaves on the tape tells which units of a layer never fired."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from tuitrain_core import Parameter, tape
from tuitrain_core.autodiff import GradManager
from tuitrain_core.ops.activation import ReLU
from tuitrain_core.ops.convolution import Conv2d
from tuitrain_core.ops.dropout import Dropout
from tuitrain_core.ops.linear import Linear
from tuitrain_core.ops.normalization import BatchNormInference, BatchNormTraining
from tuitrain_core.ops.pooling import AvgPool2d, MaxPool2d

from ..state import Array

CHANNELS, FEATURES = 1, -1
"""The axis of a convolution's units, and of a linear layer's."""


def dead_units(
    forward: Callable[[], object], parameters: Mapping[str, Parameter]
) -> dict[str, Array]:
    """Say for each layer that a ReLU follows which of its units are dead.

    A layer is a convolution or a linear one, and it is followed by a ReLU directly or through
    normalization, pooling and dropout, which leave its units apart.

    Parameters
    ----------
    forward : computes the outputs of a batch
    parameters : every parameter by name, frozen or not

    Returns
    -------
    By the name of its weight, a bool for each unit: whether the ReLU gave 0 for it everywhere. A
    layer that is used twice has dead units where none of its uses fires.
    """
    found: dict[str, Array] = {}
    with GradManager().attach(parameters.values()):
        forward()
        recorded = tape.recording()
        assert recorded is not None
        for name, dead in _rectified(recorded, parameters):
            found[name] = found[name] & dead if name in found else dead
    return found


def _rectified(
    recorded: tape.Tape, parameters: Mapping[str, Parameter]
) -> Iterator[tuple[str, Array]]:
    """Give for each ReLU the layer before it, and which of the layer's units it gave 0 for."""
    weights = {recorded.leaves[id(each)]: name for name, each in parameters.items()}
    layers: dict[tape.Node, tuple[str, int]] = {}
    for node in recorded.nodes:
        first = node.parents[0]
        match node.op:
            case Conv2d() | Linear():
                weight = node.parents[1]
                if weight in weights:
                    axis = CHANNELS if isinstance(node.op, Conv2d) else FEATURES
                    layers[node] = weights[weight], axis
            case BatchNormTraining() | BatchNormInference() | MaxPool2d() | AvgPool2d() | Dropout():
                if first in layers:
                    layers[node] = layers[first]
            case ReLU():
                if first in layers:
                    name, axis = layers[first]
                    by_unit = np.moveaxis(node.saved, axis, 0)
                    yield name, (by_unit == 0).all(axis=tuple(range(1, by_unit.ndim)))
