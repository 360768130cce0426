"""The tape: the operations of a forward pass, in order, for differentiation.

Holds the current thread's tape, its observers of operations and of reads, and whether operations
only infer shapes. It knows arrays and operations only; `tensor` records on it, and `autodiff`
differentiates it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from .ops.base import Array, Op


@dataclass(slots=True, eq=False)
class Node:
    """A recorded operation, or a leaf (``op is None``), whose gradient is returned.

    Attributes
    ----------
    op : Op or None
    saved : what the operation saved for its backward pass
    parents : the node of each input, or None if no gradient flows to that input
    """

    op: Op | None
    saved: Any = None
    parents: tuple[Node | None, ...] = ()


@dataclass(slots=True, eq=False)
class Tape:
    """The nodes of one forward pass, in the order in which they were computed.

    It has only the operations that depend on a leaf. So the backward pass stops at the lowest
    parameter that is trained.
    """

    leaves: dict[int, Node]
    nodes: list[Node] = field(default_factory=list)
    later: dict[int, tuple[Any, Node]] = field(default_factory=dict)
    """Tensors with their nodes by identity: those assigned to in place, and results that an inner
    tape records too."""

    def record(self, op: Op, saved: Any, parents: tuple[Node | None, ...]) -> Node:
        """Append one operation."""
        node = Node(op, saved, parents)
        self.nodes.append(node)
        return node

    def gradients(self, seeds: Mapping[Node, Array]) -> dict[Node, Array]:
        """Differentiate outputs, and clear the tape.

        Saved arrays are freed as soon as they were used, so a loss that is kept does not keep the
        memory of its forward pass. A leaf that was itself computed passes its gradient on.

        Parameters
        ----------
        seeds : the gradient at each output, of its shape

        Returns
        -------
        The gradient of every leaf that the outputs depend on.
        """
        pending = dict(seeds)
        leaves = set(self.leaves.values())
        while self.nodes:
            node = self.nodes.pop()
            grad = pending.get(node) if node in leaves else pending.pop(node, None)
            if grad is not None and node.op is not None:
                needs = [parent is not None for parent in node.parents]
                with np.errstate(all="ignore"):  # as in `tensor.apply`
                    parts = node.op.backward(node.saved, grad, needs)
                for parent, part in zip(node.parents, parts, strict=True):
                    if parent is not None and part is not None:
                        before = pending.get(parent)
                        pending[parent] = part if before is None else before + part
            node.saved, node.parents = None, ()
        self.later.clear()
        return pending

    def clear(self) -> None:
        """Free the saved arrays, even if a result of the pass is still referenced."""
        for node in self.nodes:
            node.saved, node.parents = None, ()
        self.nodes.clear()
        self.later.clear()


_recording: ContextVar[tuple[Tape, ...]] = ContextVar("tuitrain_core_tapes", default=())


def active() -> tuple[Tape, ...]:
    """Return the tapes that record in this thread, the innermost first."""
    return _recording.get()


def current() -> Tape | None:
    """Return the innermost tape that records in this thread, or None."""
    tapes = _recording.get()
    return tapes[0] if tapes else None


def start(leaf_ids: Sequence[int]) -> Tape:
    """Start a new tape in this thread, whose leaves are the tensors with these identities."""
    tape = Tape({identity: Node(None) for identity in leaf_ids})
    _recording.set((tape, *_recording.get()))
    return tape


def stop(tape: Tape) -> None:
    """Stop recording on a tape in this thread."""
    _recording.set(tuple(other for other in _recording.get() if other is not tape))


@contextmanager
def paused() -> Iterator[None]:
    """Record nothing inside the block, as for an evaluation during a training step."""
    token = _recording.set(())
    try:
        yield
    finally:
        _recording.reset(token)


OpObserver: TypeAlias = Callable[[Op, Sequence[Any], Any], None]
"""Called with an operation, its input tensors and its output tensor."""

_op_observer: ContextVar[OpObserver | None] = ContextVar("tuitrain_core_op_observer", default=None)


def op_observer() -> OpObserver | None:
    """Return the observer of operations in this thread, or None."""
    return _op_observer.get()


@contextmanager
def observe_ops(observer: OpObserver) -> Iterator[None]:
    """Call ``observer`` for every operation inside the block, recorded or not."""
    token = _op_observer.set(observer)
    try:
        yield
    finally:
        _op_observer.reset(token)


_abstract: ContextVar[bool] = ContextVar("tuitrain_core_abstract", default=False)


def is_abstract() -> bool:
    """Return whether operations in this thread only infer shape and dtype."""
    return _abstract.get()


@contextmanager
def abstract_eval(abstract: bool = True) -> Iterator[None]:
    """Record nothing inside the block, and compute outputs by `Op.infer_output`."""
    token = _abstract.set(abstract)
    try:
        with paused():
            yield
    finally:
        _abstract.reset(token)


_read_observer: ContextVar[Callable[[], object] | None] = ContextVar(
    "tuitrain_core_read_observer", default=None
)


def notify_read() -> None:
    """Report that code outside the operations reads or writes a tensor's values."""
    on_read = _read_observer.get()
    if on_read is not None:
        on_read()


@contextmanager
def observe_reads(on_read: Callable[[], object]) -> Iterator[None]:
    """Call ``on_read`` whenever values of tensors are read or written inside the block."""
    token = _read_observer.set(on_read)
    try:
        yield
    finally:
        _read_observer.reset(token)
