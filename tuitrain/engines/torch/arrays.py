# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Tensors as NumPy arrays: live memory on the CPU, a copy from other devices.

The array of a tensor that is sharded over processes has the part of this process.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import numpy as np
import torch

from ..state import Array

_AS_BITS: Final = {1: torch.uint8, 2: torch.int16}
"""The whole numbers that carry the bits of types that NumPy lacks, by their bytes."""


def is_sharded(tensor: torch.Tensor) -> bool:
    """Whether processes have a part of the tensor each, as ``fully_shard`` leaves parameters."""
    return hasattr(tensor, "to_local")


def local_part(tensor: torch.Tensor) -> torch.Tensor:
    """Return the part of a tensor that this process has, in the same memory."""
    sharded: Any = tensor.detach()
    return sharded.to_local() if is_sharded(tensor) else tensor


def like_shards(part: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Return a tensor that is sharded as another one is, from the part of this process."""
    if not is_sharded(like):
        return part
    from torch.distributed.tensor import DTensor

    assert isinstance(like, DTensor)
    mesh, placements = like.device_mesh, like.placements
    return DTensor.from_local(
        part, mesh, placements, run_check=False, shape=like.shape, stride=like.stride()
    )


def to_array(tensor: torch.Tensor) -> Array:
    """Return the bits of a tensor; bfloat16 and float8 as whole numbers of their width."""
    plain = local_part(tensor).detach().cpu()
    if plain.is_floating_point() and plain.dtype not in (
        torch.float16,
        torch.float32,
        torch.float64,
    ):
        plain = plain.contiguous().view(_AS_BITS[plain.element_size()])
    return plain.numpy()


def to_numbers(tensor: torch.Tensor) -> Array:
    """Return the values of a tensor for a viewer; those of types that NumPy lacks as float32."""
    plain = local_part(tensor).detach().cpu()
    if plain.is_floating_point() and plain.dtype not in (
        torch.float16,
        torch.float32,
        torch.float64,
    ):
        plain = plain.float()
    return plain.numpy()


def to_tensor(array: Array, like: torch.Tensor) -> torch.Tensor:
    """Return a tensor with the bits of an array of `to_array`, in the type of another tensor."""
    copied = torch.from_numpy(np.array(array))
    if like.is_floating_point() and not copied.is_floating_point():
        copied = copied.view(like.dtype)
    return copied


def copy_into(tensor: torch.Tensor, array: Array) -> None:
    """Overwrite a tensor with the bits of an array."""
    with torch.no_grad():
        part = local_part(tensor)
        part.copy_(to_tensor(array, part).reshape(part.shape))


class TorchArrays:
    """A module's parameters as arrays; see `ParameterArrays`.

    Between `note_update` and `forget_update` a gradient that was cleared is that of the update.

    Parameters
    ----------
    parameters : by their first names
    """

    def __init__(self, parameters: Mapping[str, torch.nn.Parameter]) -> None:
        self._parameters = parameters
        self._last: dict[str, torch.Tensor] = {}

    @property
    def names(self) -> Collection[str]:
        """The names of the parameters."""
        return self._parameters

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a parameter."""
        return tuple(self._parameters[name].shape)

    def value(self, name: str) -> Array:
        """Return the values of a parameter."""
        return to_numbers(self._parameters[name])

    def gradient(self, name: str) -> Array | None:
        """Return the gradient of a parameter, or None."""
        grad = self.gradient_tensor(name)
        return None if grad is None else to_numbers(grad)

    def gradient_tensor(self, name: str) -> torch.Tensor | None:
        """Return the gradient of a parameter as it is, or None."""
        grad = self._parameters[name].grad
        return self._last.get(name) if grad is None else grad

    def drop_gradient(self, name: str) -> None:
        """Drop the gradient of a parameter."""
        self._parameters[name].grad = None
        self._last.pop(name, None)

    def note_update(self) -> None:
        """Note that these gradients are those of the last update, and keep them in memory."""
        gradients = ((name, item.grad) for name, item in self._parameters.items())
        self._last = {name: grad for name, grad in gradients if grad is not None}

    def forget_update(self) -> None:
        """Release the gradients of the last update."""
        self._last = {}


def unwrap(model: torch.nn.Module) -> torch.nn.Module:
    """Return the network inside of `torch.compile`, DataParallel and DistributedDataParallel."""
    inner: Any = model
    while True:
        if hasattr(inner, "_orig_mod"):
            inner = inner._orig_mod
        elif isinstance(inner, torch.nn.DataParallel | torch.nn.parallel.DistributedDataParallel):
            inner = inner.module
        else:
            return inner


def named_parameters(
    model: torch.nn.Module,
) -> tuple[dict[str, torch.nn.Parameter], dict[str, tuple[str, ...]]]:
    """Return the parameters by their first names, and the other names of tied ones."""
    first: dict[int, str] = {}
    parameters: dict[str, torch.nn.Parameter] = {}
    others: dict[str, list[str]] = {}
    for name, item in _every_name(model):
        if id(item) in first:
            others[first[id(item)]].append(name)
        else:
            first[id(item)] = name
            parameters[name], others[name] = item, []
    return parameters, {name: tuple(rest) for name, rest in others.items()}


def _every_name(model: torch.nn.Module) -> Iterator[tuple[str, torch.nn.Parameter]]:
    for name, item in unwrap(model).named_parameters(remove_duplicate=False):
        yield name.replace("_orig_mod.", ""), item
