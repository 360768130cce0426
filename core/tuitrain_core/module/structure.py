"""Containers and structural layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .. import functional as F
from ..errors import CoreError, IndexRangeError
from ..tensor import Tensor
from .base import Module


class Sequential(Module):
    """Modules that are applied in order; their names are their positions: "0", "1", ...

    Parameters
    ----------
    modules : in the order in which they are applied; may include functions of one tensor; or one
        dictionary of modules, which are then named by its keys

    Raises
    ------
    CoreError : an argument is not callable, such as a list of modules
    """

    def __init__(self, *modules: Any, **options: Any) -> None:
        super().__init__(**options)
        named = {str(position): module for position, module in enumerate(modules)}
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            named = {str(key): module for key, module in modules[0].items()}
        for key, module in named.items():
            self._check(key, module)
            setattr(self, key, module)
        self.layer_names = tuple(named)

    def forward(self, inp: Any) -> Any:
        """Apply each module to the output of the previous one."""
        for module in self:
            inp = module(inp)
        return inp

    def __len__(self) -> int:
        return len(self.layer_names)

    def __getitem__(self, position: int | slice) -> Any:
        """Return a module, or for a slice a new `Sequential` of the same modules."""
        if isinstance(position, slice):
            return Sequential(*list(self)[position])
        return getattr(self, self._name_at(position))

    def __setitem__(self, position: int, module: Any) -> None:
        """Replace the module at a position."""
        name = self._name_at(position)
        self._check(name, module)
        setattr(self, name, module)

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, name) for name in self.layer_names)

    def _name_at(self, position: int) -> str:
        if not -len(self) <= position < len(self):
            raise IndexRangeError(f"there are {len(self)} modules, and none at {position}")
        return self.layer_names[position]

    @staticmethod
    def _check(position: str, module: Any) -> None:
        if isinstance(module, type) or not callable(module):
            raise CoreError(
                f"Sequential takes modules one by one, but at {position} is {module!r:.60}"
            )


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


class Concat(Module):
    """Joins tensors along an axis; see `functional.concat`."""

    def forward(self, inps: Iterable[Tensor], axis: int = 0) -> Tensor:
        """Return one tensor."""
        return F.concat(inps, axis)


class Pad(Module):
    """Adds elements at both ends of the axes; see `functional.nn.pad`.

    Parameters
    ----------
    pad_width : for each axis, or for the first ones: numbers of elements before and after
    mode : "constant", "replicate" or "reflect"
    constant_val : value of new elements
    """

    def __init__(
        self,
        pad_width: tuple[tuple[int, int], ...],
        mode: str = "constant",
        constant_val: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.pad_width, self.mode, self.pad_val = pad_width, mode, constant_val

    def forward(self, src: Tensor) -> Tensor:
        """Return a larger tensor."""
        return F.pad(src, self.pad_width, self.mode, self.pad_val)


class PixelShuffle(Module):
    """Moves channels into pixels; see `functional.nn.pixel_shuffle`.

    Parameters
    ----------
    upscale_factor : how much larger the image becomes, in both directions
    """

    def __init__(self, upscale_factor: int, **options: Any) -> None:
        super().__init__(**options)
        self.upscale_factor = upscale_factor

    def forward(self, inp: Tensor) -> Tensor:
        """Map (N, C · r², H, W) to (N, C, H · r, W · r)."""
        return F.nn.pixel_shuffle(inp, self.upscale_factor)
