"""Tracing: run a forward pass, capture its operations, and turn them into a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ... import tape
from ...errors import CoreError
from ...ops.base import Array, Op
from ...ops.dropout import Dropout
from ...ops.normalization import BatchNormTraining
from ...ops.shape import Reshape
from ...tensor import Tensor
from ..graph import Graph, Node, Role, Value
from .guards import NotRecordableError, ReadGuard, RngGuard
from .layout import mark_images

InputTensors: TypeAlias = Tensor | tuple[Tensor, ...]
InputArrays: TypeAlias = Array | tuple[Array, ...]
"""One input of a batch, or several in a tuple."""


class Objective(NamedTuple):
    """The loss of a batch, and the outputs of the model; None if it computes its own loss."""

    loss: Tensor
    outputs: Tensor | None


Forward: TypeAlias = Callable[[Any, Tensor], Tensor | Objective]
"""Maps inputs, a tensor or a tuple of them, and targets to the loss, or to the objective."""


@dataclass(frozen=True, slots=True)
class TracedCall:
    """An operation of a captured forward pass."""

    op: Op
    inputs: tuple[Tensor, ...]
    output: Tensor


def trace(
    forward: Forward, inputs: InputArrays, targets: Array | None, second_size: int = 0
) -> Graph:
    """Return the graph of a forward pass.

    It runs twice, with the batch and with the batch's first samples. A value whose first axis
    differs is batched; a step that differs otherwise cannot be recorded. Operations compute only
    the shapes of their outputs, because loading the eager kernels was half of the time to the first
    step. So ``forward`` must not read values; a recorded step would not read them again. The caller
    must restore what the forward pass changes, such as running averages or a random generator.

    Parameters
    ----------
    forward : maps inputs and targets to the loss
    inputs, targets : a batch of at least two samples; without targets, the first input is them
    second_size : samples of the second run; default: half of the batch

    Raises
    ------
    NotRecordableError : the operations, or constants among their inputs, depend on the batch, on
        the values of tensors, or on random numbers other than a dropout's
    """
    second_size = second_size or len(first_input(inputs)) // 2
    if second_size < 1:
        raise NotRecordableError("a step is recorded from a batch of at least two samples")
    whole, objective = capture(forward, inputs, targets)
    part, _ = capture(forward, *take_samples(inputs, targets, second_size))
    _check_same_ops([call.op for call in whole[1:]], [call.op for call in part[1:]])
    return _GraphBuilder(whole, part, targets is None).build(objective)


def first_input(inputs: InputArrays) -> Array:
    """Return the first of the inputs, or the only one."""
    return inputs[0] if isinstance(inputs, tuple) else inputs


def take_samples(
    inputs: InputArrays, targets: Array | None, count: int
) -> tuple[InputArrays, Array | None]:
    """Return the first samples of a batch."""
    several = isinstance(inputs, tuple)
    part = tuple(array[:count] for array in inputs) if several else inputs[:count]
    return part, None if targets is None else targets[:count]


def capture(
    forward: Forward, inputs: InputArrays, targets: Array | None
) -> tuple[list[TracedCall], Objective]:
    """Run a forward pass, and return its operations and its objective.

    The first entry is the batch: its inputs are the inputs and the targets of the step.

    Raises
    ------
    NotRecordableError : it reads values of tensors, or draws random numbers other than a dropout's
    """
    try:
        calls, objective = _capture(forward, inputs, targets)
    except NotRecordableError:
        raise
    except CoreError:
        # Values that are not computed may be to blame: row numbers of an embedding, for example.
        calls, objective = _capture(forward, inputs, targets, abstract=False)
    if objective.loss.size != 1:
        raise NotRecordableError(
            f"the loss of a step is one number, but has shape {objective.loss.shape}"
        )
    return calls, objective


def _capture(
    forward: Forward, inputs: InputArrays, targets: Array | None, abstract: bool = True
) -> tuple[list[TracedCall], Objective]:
    several = isinstance(inputs, tuple)
    tensors = tuple(map(Tensor, inputs)) if several else (Tensor(inputs),)
    target = tensors[0] if targets is None else Tensor(targets)
    calls = [TracedCall(Op(), (*tensors, target), tensors[0])]
    reads, rng = ReadGuard(), RngGuard()

    def on_op(op: Op, inputs: Sequence[Tensor], output: Tensor) -> None:
        calls.append(TracedCall(op, tuple(inputs), output))

    with tape.abstract_eval(abstract), tape.observe_reads(reads), tape.observe_ops(on_op):
        result = forward(tensors if several else tensors[0], target)
    reads.check()
    rng.check(call.inputs[1].numpy() for call in calls if isinstance(call.op, Dropout))
    return calls, result if isinstance(result, Objective) else Objective(result, None)


def _check_same_ops(whole: Sequence[Op], part: Sequence[Op]) -> None:
    """Check that two batch sizes have the same operations."""
    for op, other in zip(whole, part, strict=False):
        # `x.reshape(len(x), -1)` has the batch size as an argument; the output's shape decides.
        if type(op) is not type(other) or (op != other and not isinstance(op, Reshape)):
            raise NotRecordableError(
                f"the operation {op.name} depends on the batch: {op} is {other} for another"
            )
    if len(whole) != len(part):
        raise NotRecordableError(
            f"the number of operations depends on the batch: {len(whole)} or {len(part)}"
        )


class _GraphBuilder:
    """Builds a graph from two captures of one forward pass, with batches of different size."""

    def __init__(
        self, whole: Sequence[TracedCall], part: Sequence[TracedCall], inputs_are_targets: bool
    ) -> None:
        self._calls = list(zip(whole, part, strict=True))
        self._values: dict[Tensor, Value] = {}
        *inputs, targets = zip(whole[0].inputs, part[0].inputs, strict=True)
        self._sizes = len(inputs[0][0]), len(inputs[0][1])
        self._inputs = tuple(self._add_value(Role.INPUT, *pair) for pair in inputs)
        self._targets = (
            self._inputs[0] if inputs_are_targets else self._add_value(Role.TARGETS, *targets)
        )

    def build(self, objective: Objective) -> Graph:
        """Return the graph."""
        nodes = tuple(self._build_nodes(objective))
        loss = self._values.get(objective.loss)
        if loss is None:
            raise NotRecordableError("the loss comes from none of the operations of the step")
        outputs = None if objective.outputs is None else self._values.get(objective.outputs)
        mark_images(nodes, self._inputs)
        return Graph(nodes, self._inputs, self._targets, loss, outputs)

    def _build_nodes(self, objective: Objective) -> Iterator[Node]:
        """Yield the nodes; one that cannot be recorded is left out if nothing depends on it.

        An example is the last state of a recurrent layer, whose first axis is not the batch.
        """
        needed = self._needed(objective)
        for call, other in self._calls[1:]:
            try:
                yield self._build_node(call, other)
            except NotRecordableError:
                if id(call.output) in needed:
                    raise

    def _needed(self, objective: Objective) -> set[int]:
        """Return the ids of the tensors that loss or outputs depend on, or that change a buffer."""
        needed = {id(objective.loss), id(objective.outputs)}
        for call, _ in reversed(self._calls[1:]):
            if id(call.output) in needed or isinstance(call.op, BatchNormTraining | Dropout):
                needed.update(map(id, (call.output, *call.inputs)))
        return needed

    def _build_node(self, call: TracedCall, other: TracedCall) -> Node:
        pairs = enumerate(zip(call.inputs, other.inputs, strict=True))
        inputs = tuple(
            self._values.get(tensor) or self._add_leaf(call.op, place, tensor, other_tensor)
            for place, (tensor, other_tensor) in pairs
        )
        return Node(call.op, inputs, self._add_value(Role.RESULT, call.output, other.output))

    def _add_leaf(self, op: Op, place: int, tensor: Tensor, other: Tensor) -> Value:
        """Add an input that is not the output of an operation; ``other`` is that of the part."""
        if isinstance(op, Dropout) and place == 1:
            return self._add_value(Role.RANDOM, tensor, other)
        if tensor is not other and not np.array_equal(
            tensor.numpy(), other.numpy(), equal_nan=True
        ):
            raise NotRecordableError(
                f"an input of {op.name}, of shape {tensor.shape}, is made for every batch, "
                "outside of the operations that can be recorded"
            )
        leaf = Value(Role.LEAF, tensor.shape, False, tensor.dtype, tensor)
        return self._values.setdefault(tensor, leaf)

    def _add_value(self, role: Role, tensor: Tensor, other: Tensor) -> Value:
        """Add a value, which is batched if the part's has another shape."""
        size, part_size = self._sizes
        batched = tensor.shape != other.shape
        if batched and (tensor.shape[0], other.shape[0], tensor.shape[1:]) != (
            size,
            part_size,
            other.shape[1:],
        ):
            raise NotRecordableError(
                f"a value of shape {tensor.shape} has shape {other.shape} for {part_size} samples "
                f"instead of {size}; only the first axis may be the batch"
            )
        value = Value(role, tensor.shape[1:] if batched else tensor.shape, batched, tensor.dtype)
        self._values[tensor] = value
        return value
