"""The values and gradients of a network whose gradients the script clears."""

from __future__ import annotations

from collections.abc import Mapping

from tuitrain_core import Parameter, Tensor

from ...state import Array
from ..optimizers import CoreArrays


class ScriptArrays(CoreArrays):
    """Values and gradients; one that the script has cleared is that of the last update.

    Parameters
    ----------
    parameters : by name
    """

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        super().__init__(parameters)
        self._last: dict[str, Tensor] = {}

    def gradient(self, name: str) -> Array | None:
        """Return the memory of a gradient, or None."""
        present = super().gradient(name)
        last = self._last.get(name)
        return present if present is not None or last is None else last.memory()

    def drop_gradient(self, name: str) -> None:
        """Drop the gradient of a parameter."""
        super().drop_gradient(name)
        self._last.pop(name, None)

    def note_update(self) -> None:
        """Note that these gradients are those of the last update."""
        gradients = ((name, item.grad) for name, item in self._parameters.items())
        self._last = {name: gradient for name, gradient in gradients if gradient is not None}

    def forget_update(self) -> None:
        """Forget the gradients of the last update: the state is that of another step."""
        self._last = {}
