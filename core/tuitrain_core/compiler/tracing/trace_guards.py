"""What a forward pass must leave alone to be recorded, since no recorded step would do it again.

It takes no values out of tensors, draws no random numbers but for dropout, and leaves nothing in
its modules that is another thing in the next step.
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
    """Is told of each look at a tensor's values, and refuses it."""

    def __init__(self) -> None:
        self._happened = False

    def __call__(self) -> None:
        """Refuse a look."""
        self._happened = True
        self.check()

    def check(self) -> None:
        """Raise again what the forward pass may have caught."""
        if self._happened:
            raise NotRecordableError(
                "the forward pass takes values out of tensors (numpy, item, float, detach, ...) or "
                "sets them, and a recorded step would not do so again"
            )


class RngGuard:
    """Where random generators stand before a forward pass: the current one, and the common ones."""

    def __init__(self) -> None:
        self._others = _others()
        self._current = copy.deepcopy(core_random.generator().bit_generator)

    def check(self, masks: Iterable[Array]) -> None:
        """Demand that nothing was drawn since but these masks of dropouts."""
        expected = np.random.Generator(self._current)
        for mask in masks:
            expected.random(mask.shape, dtype=np.float32)
        now, then = core_random.generator().bit_generator.state, expected.bit_generator.state
        if _flat(now) != _flat(then) or self._others != _others():
            raise NotRecordableError(
                "the forward pass draws random numbers, and a recorded step does for dropout only"
            )


def _others() -> tuple[object, ...]:
    """Return where the generators of Python and of NumPy stand that a whole process shares."""
    return random.getstate(), _flat(np.random.get_state(legacy=False))


def _flat(state: Any) -> list[object]:
    if isinstance(state, dict):
        return [part for each in state.values() for part in _flat(each)]
    return [state.tobytes() if isinstance(state, np.ndarray) else state]


class AttributeGuard:
    """What stands in a model's modules at a time."""

    def __init__(self, model: Module) -> None:
        self._vars = [(name, module, dict(vars(module))) for name, module in model.named_modules()]
        self._kept = {
            ".".join(filter(None, (name, key))): _kept(value)
            for name, _, values in self._vars
            for key, value in values.items()
        }

    def changed_since(self, before: AttributeGuard) -> list[str]:
        """Return the names of what was not there before, or was another."""
        known = before._kept
        return [
            name
            for name, value in self._kept.items()
            if name not in known or not _same(value, known[name])
        ]

    def restore(self) -> None:
        """Let the modules be what they were."""
        for _, module, values in self._vars:
            vars(module).clear()
            vars(module).update(values)


def _kept(value: Any) -> Any:
    """Return what a later value can be compared with: containers may be changed in place."""
    if isinstance(value, dict):
        return tuple(map(_kept, value.values()))
    return tuple(map(_kept, value)) if isinstance(value, list | tuple) else value


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    plain = isinstance(one, int | float | str) and type(one) is type(other)
    return one is other or (plain and bool(one == other))
