"""GradManager: which tensors get gradients, and the backward pass.

Gradients are computed for the attached tensors and for nothing else: a parameter that is not
attached has ``grad is None``, and whatever only it would need is not computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType

import numpy as np

from . import tape
from .errors import CoreError, ShapeError
from .ops.base import Array
from .tensor import Tensor, as_tensor_list, node_of


class GradManager:
    """Records a forward pass and differentiates it.

    One pass at a time, in one thread: while it records no other may in that thread, nor this one in
    another. Recording ends with `backward`, or with the block.

    Example
    -------
    ::

        gm = GradManager().attach(net.parameters())
        with gm:
            loss = functional.loss.cross_entropy(net(images), labels)
            gm.backward(loss)
        # now parameter.grad is set for each attached parameter
    """

    def __init__(self) -> None:
        self._attached: dict[int, Tensor] = {}
        self._tape: tape.Tape | None = None

    def attach(self, tensors: Tensor | Iterable[Tensor]) -> GradManager:
        """Ask for gradients of these tensors; returns the manager itself.

        While recording it takes effect at once, for what is computed from then on. A tensor that
        was computed while recording gets its gradient, and passes it on to what it came from.

        Raises
        ------
        CoreError : something given is not a tensor, or not of a floating dtype
        """
        given = as_tensor_list(tensors, Tensor, "attach takes tensors")
        for each in given:
            if each.dtype.kind != "f":
                raise CoreError(f"gradients need a floating dtype, but a tensor has {each.dtype}")
        for each in given:
            self._attached[id(each)] = each
            if self._tape is not None:
                node = node_of(each, self._tape) or tape.Node(None)
                self._tape.leaves[id(each)] = node
        return self

    def detach(self, tensors: Tensor | Iterable[Tensor] | None = None) -> GradManager:
        """Ask no longer for gradients of these tensors (default: of none), and drop theirs.

        While recording it takes effect at once, for what is computed from then on.

        Raises
        ------
        CoreError : something given is not a tensor
        """
        if tensors is None:
            tensors = list(self._attached.values())
        for each in as_tensor_list(tensors, Tensor, "detach takes tensors"):
            self._attached.pop(id(each), None)
            each.grad = None
            if self._tape is not None:  # its identity may soon be another tensor's
                self._tape.leaves.pop(id(each), None)
        return self

    def attached_tensors(self) -> list[Tensor]:
        """Return what gradients are asked for, in the order in which it was attached."""
        return list(self._attached.values())

    def record(self) -> None:
        """Start recording in this thread, as ``with gm:`` does.

        Raises
        ------
        CoreError : a manager already records in this thread, or this one does in another
        """
        if tape.current() is not None:
            raise CoreError(
                "a GradManager is recording in this thread already; leave its block first"
            )
        if self._tape is not None:
            raise CoreError(
                "this GradManager is recording in another thread; each thread needs its own"
            )
        self._tape = tape.start(list(self._attached))

    def release(self) -> None:
        """Stop recording and drop what was recorded; gradients stay."""
        if self._tape is not None:
            if tape.current() is self._tape:
                tape.stop()
            self._tape.clear()
        self._tape = None

    def backward(self, output: Tensor, grad: Tensor | None = None) -> None:
        """Differentiate ``output`` and add the result to the attached tensors' ``grad``.

        It ends the recording: a forward pass is differentiated once. An attached tensor that
        ``output`` does not depend on is left as it is.

        Parameters
        ----------
        output : what to differentiate, computed since recording began
        grad : gradient at ``output``, of its shape; default: one, for an output of one element

        Raises
        ------
        ShapeError : ``output`` has several elements and no ``grad``, or one of another shape
        CoreError : nothing is recorded, or ``output`` is no tensor, or of an earlier recording
        """
        if self._tape is None:
            raise CoreError(
                "backward needs a recorded forward pass: call it inside `with gm:`, once"
            )
        seed = _seed(output, grad)
        node = node_of(output, self._tape)
        if node is None and output._tape is not None:
            raise CoreError("backward of what an earlier recording computed; compute it anew")
        recorded, self._tape = self._tape, None
        tape.stop()
        if node is not None:
            self._accumulate(recorded, recorded.gradients(node, seed), seed)

    def _accumulate(
        self, recorded: tape.Tape, found: Mapping[tape.Node, Array], seed: Array
    ) -> None:
        taken = {id(seed)}
        for identity, each in self._attached.items():
            part = found.get(recorded.leaves[identity])
            if part is None:
                continue
            if each.grad is not None:
                part = each.grad.numpy() + part
            elif part.base is not None or id(part) in taken:
                # Two gradients may be one array, as those of a and b in a + b; whoever scales one
                # in place, as clipping does, must not scale both.
                part = part.copy()
            taken.add(id(part))
            each.grad = Tensor(part)

    def __enter__(self) -> GradManager:
        self.record()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _seed(output: Tensor, grad: Tensor | None) -> Array:
    """Return the gradient that a backward pass begins with: of the output's shape and dtype."""
    if not isinstance(output, Tensor):
        raise CoreError(f"backward takes a tensor, but was given {type(output).__name__}")
    if grad is None:
        if output.size != 1:
            raise ShapeError(
                f"backward of an output of shape {output.shape} needs its gradient, of that shape"
            )
        return np.ones_like(output.numpy())
    seed = Tensor(grad, output.dtype).numpy()
    if seed.shape != output.shape:
        raise ShapeError(f"the output has shape {output.shape}, its gradient {seed.shape}")
    return seed
