"""Containers and structural layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import functional as F
from ..errors import CoreError
from ..tensor import Tensor
from .base import Module


class Sequential(Module):
    """Modules that are applied in order; their names are their positions: "0", "1", ...

    Parameters
    ----------
    modules : in the order in which they are applied; may include functions of one tensor

    Raises
    ------
    CoreError : an argument is not callable, such as a list of modules
    """

    def __init__(self, *modules: Module) -> None:
        super().__init__()
        for position, module in enumerate(modules):
            if isinstance(module, type) or not callable(module):
                raise CoreError(
                    f"Sequential takes modules one by one, but at {position} is {module!r:.60}"
                )
            setattr(self, str(position), module)
        self._length = len(modules)

    def forward(self, inp: Any) -> Any:
        """Apply each module to the output of the previous one."""
        for module in self:
            inp = module(inp)
        return inp

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, position: int | slice) -> Module:
        """Return a module, or for a slice a new `Sequential` of the same modules."""
        if isinstance(position, slice):
            return Sequential(*list(self)[position])
        if not -self._length <= position < self._length:
            raise IndexError(f"there are {self._length} modules, and none at {position}")
        return getattr(self, str(position % self._length))

    def __iter__(self) -> Iterator[Module]:
        return (self[position] for position in range(self._length))


class Flatten(Module):
    """Merge axes into one; see `functional.flatten`.

    Parameters
    ----------
    start_axis, end_axis : first and last axis to merge; default: all but the batch's
    """

    def __init__(self, start_axis: int = 1, end_axis: int = -1) -> None:
        super().__init__()
        self.start_axis, self.end_axis = start_axis, end_axis

    def forward(self, inp: Tensor) -> Tensor:
        """Return the same elements with fewer axes."""
        return F.flatten(inp, self.start_axis, self.end_axis)


class Identity(Module):
    """Returns its input."""

    def forward(self, inp: Any) -> Any:
        """Return the input."""
        return inp
