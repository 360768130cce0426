# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Dead units: the units of a layer that never fire in a forward pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import torch
from torch.nn import Parameter
from torch.overrides import TorchFunctionMode

_LAYERS: Final = {"conv1d": 1, "conv2d": 1, "conv3d": 1, "linear": -1}
"""The functions of layers with units, and the axis of the units in their outputs."""

_APART: Final = {
    *("batch_norm", "instance_norm", "dropout", "dropout1d", "dropout2d", "dropout3d"),
    *("max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d"),
    *("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool2d", "boolean_dispatch"),
}
"""Functions between a layer and its ReLU that keep the units separate."""

_RELU: Final = {"relu", "relu_"}


def find_dead_units(
    forward: Callable[[], object], parameters: Mapping[str, Parameter]
) -> dict[str, torch.Tensor]:
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
    observer = _ReluObserver(parameters)
    with torch.no_grad(), observer:
        forward()
    return observer.dead


class _ReluObserver(TorchFunctionMode):
    """Follows the outputs of layers to the ReLU after them."""

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        super().__init__()
        self.dead: dict[str, torch.Tensor] = {}
        self._names = {id(item): name for name, item in parameters.items()}
        self._layers: dict[int, tuple[str, int]] = {}
        self._alive: list[Any] = []

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        named = kwargs or {}
        result = func(*args, **named)
        name = getattr(func, "__name__", "")
        first = args[0] if args else named.get("input")
        if name in _LAYERS:
            weight = args[1] if len(args) > 1 else named.get("weight")
            if id(weight) in self._names:
                self._follow(result, self._names[id(weight)], _LAYERS[name])
        elif name in _APART and id(first) in self._layers:
            self._follow(result, *self._layers[id(first)])
        elif name in _RELU and id(first) in self._layers:
            self._note(result, *self._layers[id(first)])
        return result

    def _follow(self, value: Any, name: str, axis: int) -> None:
        if isinstance(value, torch.Tensor):
            self._layers[id(value)] = name, axis
            self._alive.append(value)  # so that its id is not used again

    def _note(self, rectified: torch.Tensor, name: str, axis: int) -> None:
        by_unit = rectified.movedim(axis, 0).flatten(1)
        dead = (by_unit == 0).all(1)
        self.dead[name] = self.dead[name] & dead if name in self.dead else dead
