"""The tape: what was computed, in order, so that it can be differentiated.

Owns the nodes, which tape is recording in the current thread, and who listens there to every
operation, or is told when values are looked at. Knows arrays and operations only; `tensor` puts
tensors on it, `autodiff` walks it backwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from .ops.base import Array, Op


@dataclass(slots=True, eq=False)
class Node:
    """One recorded operation, or a leaf that is none (``op is None``), whose gradient is wanted.

    Attributes
    ----------
    op : Op or None
    saved : what the operation kept for its backward pass
    parents : for each input its node, or None where no gradient flows to that input
    """

    op: Op | None
    saved: Any = None
    parents: tuple[Node | None, ...] = ()


@dataclass(slots=True, eq=False)
class Tape:
    """The nodes of one forward pass, in the order in which they were computed.

    Only operations that an attached leaf can reach are on it; that alone prunes the backward pass
    of everything below the lowest parameter that is still trained.
    """

    leaves: dict[int, Node]
    nodes: list[Node] = field(default_factory=list)

    def record(self, op: Op, saved: Any, parents: tuple[Node | None, ...]) -> Node:
        """Append one operation."""
        node = Node(op, saved, parents)
        self.nodes.append(node)
        return node

    def gradients(self, output: Node, seed: Array) -> dict[Node, Array]:
        """Walk the tape backwards from ``output``, dropping what was saved on the way.

        A tape is walked once: what it kept is freed as soon as it was used, so that a loss that
        somebody holds on to does not hold on to a whole forward pass. At a leaf that was computed
        itself the gradient is kept, and goes on.

        Parameters
        ----------
        output : the node that is differentiated
        seed : the gradient at ``output``, of its shape

        Returns
        -------
        The gradient of every leaf that ``output`` depends on.
        """
        pending = {output: seed}
        wanted = set(self.leaves.values())
        while self.nodes:
            node = self.nodes.pop()
            grad = pending.get(node) if node in wanted else pending.pop(node, None)
            if grad is not None and node.op is not None:
                needs = [parent is not None for parent in node.parents]
                with np.errstate(all="ignore"):  # as in `tensor.apply`
                    parts = node.op.backward(node.saved, grad, needs)
                for parent, part in zip(node.parents, parts, strict=True):
                    if parent is not None and part is not None:
                        before = pending.get(parent)
                        pending[parent] = part if before is None else before + part
            node.saved, node.parents = None, ()
        return pending

    def clear(self) -> None:
        """Free what was saved, though somebody may still hold on to a result."""
        for node in self.nodes:
            node.saved, node.parents = None, ()
        self.nodes.clear()


_recording: ContextVar[Tape | None] = ContextVar("tuitrain_core_tape", default=None)


def current() -> Tape | None:
    """Return the tape that records in this thread, or None."""
    return _recording.get()


def start(leaf_ids: Sequence[int]) -> Tape:
    """Start a new tape in this thread, whose leaves are the tensors with these identities."""
    tape = Tape({identity: Node(None) for identity in leaf_ids})
    _recording.set(tape)
    return tape


def stop() -> None:
    """Stop recording in this thread."""
    _recording.set(None)


@contextmanager
def paused() -> Iterator[None]:
    """Record nothing inside, as for an evaluation in the middle of a training step."""
    token = _recording.set(None)
    try:
        yield
    finally:
        _recording.reset(token)


OpObserver: TypeAlias = Callable[[Op, Sequence[Any], Any], None]
"""Is told of an operation, its inputs and its output, all of them tensors."""

_listener: ContextVar[OpObserver | None] = ContextVar("tuitrain_core_listener", default=None)


def op_observer() -> OpObserver | None:
    """Return who listens in this thread, or None."""
    return _listener.get()


@contextmanager
def observe_ops(observer: OpObserver) -> Iterator[None]:
    """Tell somebody of every operation inside, whether a gradient can flow through it or not."""
    token = _listener.set(observer)
    try:
        yield
    finally:
        _listener.reset(token)


_outlines: ContextVar[bool] = ContextVar("tuitrain_core_outlines", default=False)


def is_abstract() -> bool:
    """Return whether operations in this thread only outline what comes out."""
    return _outlines.get()


@contextmanager
def abstract_eval(abstract: bool = True) -> Iterator[None]:
    """Record nothing inside, and let operations give `Op.outline` for their outputs."""
    token = _outlines.set(abstract)
    try:
        with paused():
            yield
    finally:
        _outlines.reset(token)


_looked: ContextVar[Callable[[], object] | None] = ContextVar("tuitrain_core_looked", default=None)


def notify_read() -> None:
    """Say that somebody outside of the operations takes or changes a tensor's values."""
    told = _looked.get()
    if told is not None:
        told()


@contextmanager
def observe_reads(on_read: Callable[[], object]) -> Iterator[None]:
    """Call ``told`` whenever values of tensors are taken or changed inside."""
    token = _looked.set(on_read)
    try:
        yield
    finally:
        _looked.reset(token)
