"""The graph of a step: values and the operations between them, as one forward pass showed them."""

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

    IMAGES = "images"
    LABELS = "labels"
    LEAF = "leaf"
    """A parameter, a buffer or a constant: its tensor is read anew in every step."""
    RANDOM = "drawn"
    """Random numbers, drawn anew in every step."""
    RESULT = "result"


@dataclass(slots=True, eq=False)
class Value:
    """An array of the step.

    Attributes
    ----------
    shape : of one sample, if ``batched``; else of the whole
    batched : whether there is one for each sample of the batch, along a first axis
    tensor : of a leaf; of other values None
    channels_last : whether its memory is that of an image: [row][column][channel] for each sample,
        where the shape says channels first; set by `layout.mark_images`
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
    """A step's forward pass, from a batch to its loss."""

    nodes: tuple[Node, ...]
    images: Value
    labels: Value
    loss: Value

    @property
    def leaves(self) -> list[Value]:
        """The values that no operation has made and that are no batch's, each once."""
        given = (each for node in self.nodes for each in node.inputs if each.tensor is not None)
        return list(dict.fromkeys(given))

    def consumers(self, value: Value) -> list[Node]:
        """Return the operations that read a value."""
        return [node for node in self.nodes if any(each is value for each in node.inputs)]

    def values_depending_on(self, tensors: Sequence[Tensor]) -> set[Value]:
        """Return every value that depends on one of these leaves, and those leaves."""
        wanted = {id(tensor) for tensor in tensors}
        reached: set[Value] = set()
        for node in self.nodes:
            leaves = {each for each in node.inputs if each.tensor is not None}
            reached |= {each for each in leaves if id(each.tensor) in wanted}
            if any(each in reached for each in node.inputs):
                reached.add(node.output)
        return reached

    def values_used_by_loss(self) -> set[Value]:
        """Return every value that the loss depends on, and the loss."""
        found = {self.loss}
        for node in reversed(self.nodes):
            if node.output in found:
                found |= set(node.inputs)
        return found
