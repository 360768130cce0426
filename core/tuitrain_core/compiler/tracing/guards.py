"""Guards against forward passes that a recorded step would not repeat.

A forward pass can be recorded if it reads no values of tensors, draws no random numbers other than
a dropout's, and does not change its modules from step to step.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterable
from typing import Any

import numpy as np

from ... import random as core_random
from ...errors import CoreError
from ...module import Module
from ...ops.base import Array


class NotRecordableError(CoreError):
    """A step cannot be recorded: its operations are not the same for every batch."""


class ReadGuard:
    """Refuses reads of tensor values in a forward pass. Call it for every read."""

    def __init__(self) -> None:
        self._has_read = False

    def __call__(self) -> None:
        """Refuse a read."""
        self._has_read = True
        self.check()

    def check(self) -> None:
        """Raise the error again, which the forward pass may have caught."""
        if self._has_read:
            raise NotRecordableError(
                "the forward pass takes values out of tensors (numpy, item, float, detach, ...) or "
                "sets them, and a recorded step would not do so again"
            )


class RngGuard:
    """The states of the current and of the global random generators before a forward pass."""

    def __init__(self) -> None:
        self._global_states = _global_states()
        self._current = copy.deepcopy(core_random.generator().bit_generator)

    def check(self, masks: Iterable[Array]) -> None:
        """Check that the forward pass drew these dropout masks, and nothing else.

        Raises
        ------
        NotRecordableError : it drew other random numbers
        """
        expected = np.random.Generator(self._current)
        for mask in masks:
            expected.random(mask.shape, dtype=np.float32)
        state = core_random.generator().bit_generator.state
        is_expected = _flatten_state(state) == _flatten_state(expected.bit_generator.state)
        if not is_expected or self._global_states != _global_states():
            raise NotRecordableError(
                "the forward pass draws random numbers, and a recorded step does for dropout only"
            )


def _global_states() -> tuple[object, ...]:
    """Return the states of Python's and NumPy's global generators."""
    return random.getstate(), _flatten_state(np.random.get_state(legacy=False))


def _flatten_state(state: Any) -> list[object]:
    if isinstance(state, dict):
        return [part for value in state.values() for part in _flatten_state(value)]
    return [state.tobytes() if isinstance(state, np.ndarray) else state]


class AttributeGuard:
    """The attributes of a model's modules at one time."""

    def __init__(self, model: Module) -> None:
        self._modules = [
            (name, module, dict(vars(module))) for name, module in model.named_modules()
        ]
        self._attributes = {
            ".".join(filter(None, (name, key))): _freeze(value)
            for name, _, attributes in self._modules
            for key, value in attributes.items()
        }

    def changed_since(self, before: AttributeGuard) -> list[str]:
        """Return the names of the attributes that are new or differ."""
        known = before._attributes
        return [
            name
            for name, value in self._attributes.items()
            if name not in known or not _is_same(value, known[name])
        ]

    def restore(self) -> None:
        """Set the modules' attributes to what they were."""
        for _, module, attributes in self._modules:
            vars(module).clear()
            vars(module).update(attributes)


def _freeze(value: Any) -> Any:
    """Return an attribute's value for comparison; a container may change in place."""
    if isinstance(value, dict):
        return tuple(map(_freeze, value.values()))
    return tuple(map(_freeze, value)) if isinstance(value, list | tuple) else value


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_is_same, one, other))
    comparable = isinstance(one, int | float | str) and type(one) is type(other)
    return one is other or (comparable and bool(one == other))
