"""ParameterState: the state of an optimizer for one parameter."""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import aligned
from ..ops.base import Array


@dataclass(slots=True, eq=False)
class ParameterState:
    """State that the updates of one parameter have left.

    Attributes
    ----------
    step : number of updates so far
    slots : arrays of the parameter's shape and dtype, by name
    """

    step: int = 0
    slots: dict[str, Array] = field(default_factory=dict)

    def slot(self, name: str, like: Array) -> Array:
        """Return an array flat; on first use it is made, of zeros."""
        array = self.slots.get(name)
        if array is None:
            array = self.slots[name] = aligned.zeros(like.shape, like.dtype)
        return array.reshape(-1)

    def copy(self) -> ParameterState:
        """Return a state that shares no array with this one."""
        slots = {name: array.copy() for name, array in self.slots.items()}
        return ParameterState(self.step, slots)
