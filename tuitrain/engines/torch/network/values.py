# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The values of a forward pass by number, and which of them was computed from which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.nn import Parameter


class TracedValues:
    """Numbers the tensors of a forward pass, and keeps them until it has ended.

    Parameters
    ----------
    names : the first name of each parameter, by identity

    Attributes
    ----------
    operations : in order, the numbers of each one's input values, and of its output
    made : the values that are the batch, or computed
    """

    def __init__(self, names: Mapping[int, str]) -> None:
        self.operations: list[tuple[tuple[int, ...], int]] = []
        self.made: set[int] = set()
        self._names = names
        self._numbers: dict[int, int] = {}
        self._alive: list[torch.Tensor] = []

    def number(self, value: torch.Tensor) -> int:
        """Return the number of a tensor; a new one for a tensor not met before."""
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self._numbers)
            self._alive.append(value)  # so that its id is not reused
        return self._numbers[id(value)]

    def is_known(self, value: torch.Tensor) -> bool:
        """Whether a tensor was met before."""
        return id(value) in self._numbers

    def make(self, inputs: Iterable[int], output: torch.Tensor) -> int:
        """Note that a tensor was computed from values, and return its number."""
        number = self.number(output)
        self.operations.append((tuple(inputs), number))
        self.made.add(number)
        return number

    def note_source(self, value: torch.Tensor, sources: Sequence[torch.Tensor | int]) -> int:
        """Return the number of an operation's input.

        A tensor that needs a gradient, and whose operation was not observed, is one of ``sources``.
        """
        if self.is_known(value) or value.is_leaf:
            return self.number(value)
        return self.make(
            (item if isinstance(item, int) else self.number(item) for item in sources), value
        )

    def leaves(self) -> dict[str, int]:
        """Return the value of each parameter that was used, by its first name."""
        return {
            name: self._numbers[identity]
            for identity, name in self._names.items()
            if identity in self._numbers
        }


def tensors_in(values: object) -> Iterator[torch.Tensor]:
    """Yield the tensors in nested lists, tuples and dicts, without parameters."""
    return (item for item in _every_tensor(values) if not isinstance(item, Parameter))


def _every_tensor(values: Any) -> Iterator[torch.Tensor]:
    if isinstance(values, torch.Tensor):
        yield values
    elif isinstance(values, list | tuple):
        for item in values:
            yield from _every_tensor(item)
    elif isinstance(values, dict):
        for item in values.values():
            yield from _every_tensor(item)


def every_tensor(values: object) -> list[torch.Tensor]:
    """Return the tensors in nested lists, tuples and dicts, parameters among them."""
    return list(_every_tensor(values))
