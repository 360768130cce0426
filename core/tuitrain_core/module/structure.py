"""Modules that put others together, or stand between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import functional as F
from ..errors import CoreError
from ..tensor import Tensor
from .base import Module


class Sequential(Module):
    """Modules applied one after the other; their names are their positions: "0", "1", ...

    Parameters
    ----------
    modules : in the order in which they are applied; functions of one tensor may stand among them

    Raises
    ------
    CoreError : one of them cannot be applied, as a list of modules cannot
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
        """Apply each module to the output of the one before it."""
        for module in self:
            inp = module(inp)
        return inp

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, position: int | slice) -> Module:
        """Return one of the modules, or a sequence of the same modules, under names of its own."""
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
    start_axis, end_axis : first and last axis that is merged; default: all but the batch's
    """

    def __init__(self, start_axis: int = 1, end_axis: int = -1) -> None:
        super().__init__()
        self.start_axis, self.end_axis = start_axis, end_axis

    def forward(self, inp: Tensor) -> Tensor:
        """Return the same elements with fewer axes."""
        return F.flatten(inp, self.start_axis, self.end_axis)


class Identity(Module):
    """Gives what it is given."""

    def forward(self, inp: Any) -> Any:
        """Return the input."""
        return inp
