"""The graph of a step: values and the operations between them, traced from a forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from ..ops.base import Op
from ..tensor import Tensor


class Role(Enum):
    """Where a value comes from."""

    INPUT = "input"
    TARGETS = "targets"
    LEAF = "leaf"
    """A parameter, a buffer or a constant; every step reads its tensor again."""
    RANDOM = "drawn"
    """Random numbers; every step draws new ones."""
    RESULT = "result"


@dataclass(slots=True, eq=False)
class Value:
    """An array of the step.

    Attributes
    ----------
    shape : of one sample if ``batched``, else of the whole value
    batched : whether the value has a first axis for the samples of the batch
    tensor : a leaf's tensor; None for other values
    channels_last : whether it is an image, with memory [row][column][channel] for each sample where
        the shape is channels first; set by `layout.mark_images`
    """

    role: Role
    shape: tuple[int, ...]
    batched: bool
    dtype: np.dtype[Any]
    tensor: Tensor | None = None
    channels_last: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operation of the step."""

    op: Op
    inputs: tuple[Value, ...]
    output: Value


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A step's forward pass, from a batch to its loss.

    Attributes
    ----------
    inputs, targets : the batch; the targets may be the first input
    loss : the mean loss of the batch
    outputs : what the model gives for the inputs; None if it computes its own loss
    """

    nodes: tuple[Node, ...]
    inputs: tuple[Value, ...]
    targets: Value
    loss: Value
    outputs: Value | None = None

    @property
    def leaves(self) -> list[Value]:
        """The values that have a tensor, each once, in the order of their first use."""
        inputs = (value for node in self.nodes for value in node.inputs)
        return list(dict.fromkeys(value for value in inputs if value.tensor is not None))

    def consumers(self, value: Value) -> list[Node]:
        """Return the operations that read a value."""
        return [node for node in self.nodes if any(other is value for other in node.inputs)]

    def is_data(self, value: Value) -> bool:
        """Return whether a value comes from the batch alone, so that it needs no gradient."""
        if value is self.targets or value in self.inputs:
            return True
        sources = [node for node in self.nodes if node.output is value]
        return bool(sources) and all(self.is_data(other) for other in sources[0].inputs)

    def values_depending_on(self, tensors: Sequence[Tensor]) -> set[Value]:
        """Return every value whose gradient reaches one of these tensors, and their leaves."""
        wanted = set(tensors)
        values: set[Value] = set()
        for node in self.nodes:
            values |= {value for value in node.inputs if value.tensor in wanted}
            if node.op.differentiable and any(value in values for value in node.inputs):
                values.add(node.output)
        return values

    def values_used_by_loss(self) -> set[Value]:
        """Return every value that the loss's gradient reaches, and the loss."""
        values = {self.loss}
        for node in reversed(self.nodes):
            if node.output in values and node.op.differentiable:
                values |= set(node.inputs)
        return values
