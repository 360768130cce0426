# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Buffers, such as running statistics, that keep their bytes while their layer is frozen."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

import torch
from torch.nn.modules.batchnorm import _NormBase

from ..state import Array
from .arrays import to_array, unwrap
from .buffer_versions import BufferVersions, version_of
from .rng import RandomState

Deciders: TypeAlias = tuple[str, ...]
"""Names of the owning parameters; the buffers are held when all of them are frozen."""


class HeldBuffers:
    """The buffers of a model, and which of them frozen parameters hold.

    A module with parameters owns its buffers. Those of a module without parameters belong to the
    module with parameters that is registered before it in the nearest enclosing module that has
    any, or else to the one after it. A held norm layer normalizes by its running statistics.

    Parameters
    ----------
    model : the network
    names : the first name of each parameter, by identity

    Attributes
    ----------
    versions : tell whether the buffers have changed since a boundary
    """

    def __init__(self, model: torch.nn.Module, names: Mapping[int, str]) -> None:
        self._model, self._names = unwrap(model), names
        self._modules = dict(self._model.named_modules())
        self._owned = {
            path: module
            for path, module in self._modules.items()
            if next(module.named_buffers(recurse=False), None) is not None
        }
        self._deciders = {path: self._deciders_of(path) for path in self._owned}
        self.versions = BufferVersions(self._owned.values())
        self._copies: dict[str, torch.Tensor] = {}
        self._noted: dict[str, tuple[int, int]] = {}
        self._hooks: dict[str, tuple[Any, Any]] = {}

    def live(self) -> dict[str, torch.Tensor]:
        """Return every buffer by name."""
        return dict(self._model.named_buffers())

    def arrays(self) -> dict[str, Array]:
        """Return every buffer by name as an array."""
        return {name: to_array(item) for name, item in self.live().items()}

    def held_modules(self, frozen: Collection[str]) -> dict[str, bool]:
        """Return, for each module with buffers, by its path, whether its buffers are held."""
        return {
            path: bool(names) and all(name in frozen for name in names)
            for path, names in self._deciders.items()
        }

    def held_buffers(self, frozen: Collection[str]) -> dict[str, Deciders]:
        """Return the held buffers by name, each with the parameters that own it."""
        return {
            name: self._deciders[path]
            for path, is_held in self.held_modules(frozen).items()
            if is_held
            for name, _ in self._owned[path].named_buffers(path, recurse=False)
        }

    def follow(self, frozen: Collection[str]) -> None:
        """Hold the buffers of frozen parameters from their present values on, and no others."""
        live, held = self.live(), self.held_buffers(frozen)
        self._noted = {name: item for name, item in self._noted.items() if name in held}
        self._noted |= {name: _mark_of(live[name]) for name in held if name not in self._copies}
        self._copies = {
            name: self._copies[name] if name in self._copies else live[name].clone()
            for name in held
        }
        for path, is_held in self.held_modules(frozen).items():
            if is_held and path not in self._hooks and isinstance(self._owned[path], _NormBase):
                self._hooks[path] = _hold(self._owned[path])
            elif not is_held and path in self._hooks:
                for hook in self._hooks.pop(path):
                    hook.remove()

    def forget(self) -> None:
        """Forget the held values, because a state was loaded."""
        self._copies, self._noted = {}, {}

    def restore(self) -> None:
        """Restore the held buffers to the values that they had when they were first held.

        Those of a held norm layer are written to only if they were changed: a graph that a later
        backward pass needs may have saved them.
        """
        if not self._copies:
            return
        live = self.live()
        with torch.no_grad():
            for name, copy in self._copies.items():
                is_norm = name.rpartition(".")[0] in self._hooks
                is_same = self._noted[name] == _mark_of(live[name])
                if is_norm and is_same and not live[name].is_inference():
                    continue
                live[name].copy_(copy)
                self._noted[name] = _mark_of(live[name])

    def _deciders_of(self, path: str) -> Deciders:
        own = self._named(self._owned[path])
        if own:
            return own
        parts = path.split(".") if path else []
        for length in range(len(parts) - 1, -1, -1):
            around = ".".join(parts[:length])
            beside = {
                name: members
                for name, module in self._modules.items()
                if name.startswith(f"{around}." if around else "")
                and (members := self._own(module))
            }
            if beside:
                order = list(self._modules)
                before = [name for name in beside if order.index(name) < order.index(path)]
                return beside[before[-1]] if before else next(iter(beside.values()))
        return ()

    def _named(self, module: torch.nn.Module) -> Deciders:
        return tuple(
            self._names[id(item)] for item in module.parameters() if id(item) in self._names
        )

    def _own(self, module: torch.nn.Module) -> Deciders:
        items = module.parameters(recurse=False)
        return tuple(self._names[id(item)] for item in items if id(item) in self._names)


def _mark_of(buffer: torch.Tensor) -> tuple[int, int]:
    """Return what changes with every change of a buffer that PyTorch counts."""
    return id(buffer), version_of(buffer)


def _hold(module: torch.nn.Module) -> tuple[Any, Any]:
    """Have a norm layer normalize by its running statistics, whatever mode the model is in."""
    modes: list[bool] = []

    def enter(norm: torch.nn.Module, _inputs: Any) -> None:
        modes.append(norm.training)
        norm.training = False

    def leave(norm: torch.nn.Module, _inputs: Any, _output: Any) -> None:
        norm.training = modes.pop()

    return (
        module.register_forward_pre_hook(enter),
        module.register_forward_hook(leave, always_call=True),
    )


Captured: TypeAlias = tuple[Mapping[str, torch.Tensor], Mapping[str, Any]]


class MutableState:
    """The buffers of a network and the generators that its steps draw from."""

    def __init__(self, buffers: HeldBuffers, random: RandomState) -> None:
        self._buffers, self.random = buffers, random

    def capture(self) -> Captured:
        """Return a copy."""
        copies = {name: item.detach().clone() for name, item in self._buffers.live().items()}
        return copies, self.random.capture()

    @contextmanager
    def kept(self) -> Generator[None]:
        """Restore at the end what is changed inside."""
        captured = self.capture()
        try:
            yield
        finally:
            self.restore(captured)

    def restore(self, captured: Captured) -> None:
        """Restore a copy."""
        buffers, random = captured
        with torch.no_grad():
            for name, item in self._buffers.live().items():
                item.copy_(buffers[name])
        self.random.restore(random)
