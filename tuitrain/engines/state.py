"""The state of an engine: everything that decides its future, as one value.

It does not contain the order of the data, which is a function of seed and step. Arrays are copied
in and out, so a state does not change when the training continues.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from tuitrain.commands import Clip

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class OptimizerState:
    """The optimizer state of one parameter: the number of updates, and arrays by slot."""

    updates: int
    slots: Mapping[str, Array]


@dataclass(frozen=True, slots=True, eq=False)
class EngineState:
    """The state of an engine at a step boundary.

    Attributes
    ----------
    step : steps taken
    parameters, buffers : arrays by name
    optimizers : by name, for the parameters that have been updated
    frozen : for each frozen parameter, the step at which it was frozen
    groups : each group's name, members, optimizer, settings and schedule, as plain values
    random : state of the generator that dropout draws from, as plain values
    clip : how gradients are clipped (``norm``, ``value`` or ``off``), and the limit
    gradients : those of the last step, for inspection only; engines leave them out of
        `Stateful.state`
    """

    step: int
    parameters: Mapping[str, Array]
    buffers: Mapping[str, Array]
    optimizers: Mapping[str, OptimizerState]
    frozen: Mapping[str, int]
    groups: tuple[Mapping[str, Any], ...]
    random: Mapping[str, Any]
    clip: tuple[str, float] = ("off", 0.0)
    gradients: Mapping[str, Array] = field(default_factory=dict[str, Array])

    @property
    def clip_command(self) -> Clip:
        """The command that clips so.

        Raises
        ------
        CommandError : there is no such way of clipping; states of a file may have any
        """
        by, limit = self.clip
        return Clip(cast('Literal["norm", "value", "off"]', by), limit)

    @property
    def nbytes(self) -> int:
        """Size of the arrays in memory."""
        slots = (optimizer.slots for optimizer in self.optimizers.values())
        every = (self.parameters, self.buffers, self.gradients, *slots)
        return sum(array.nbytes for arrays in every for array in arrays.values())


def read_only(array: Array) -> Array:
    """Return a view of the array that cannot be written to."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view
