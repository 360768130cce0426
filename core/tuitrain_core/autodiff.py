"""GradManager: the tensors that get gradients, and the backward pass.

Gradients are computed for attached tensors only: the ``grad`` of another parameter stays None, and
computations that only its gradient needs are skipped.
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

    A thread has one recording at a time, and so has a manager. Recording ends with `backward`, or
    with the block.

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
        """Track the gradients of these tensors; returns the manager itself.

        During a recording it takes effect for the operations that follow. A tensor that was
        computed in the recording gets its gradient, and passes it on to its inputs.

        Raises
        ------
        CoreError : a value is not a tensor, or its dtype is not floating
        """
        listed = as_tensor_list(tensors, Tensor, "attach takes tensors")
        for tensor in listed:
            if tensor.dtype.kind != "f":
                raise CoreError(f"gradients need a floating dtype, but a tensor has {tensor.dtype}")
        for tensor in listed:
            self._attached[id(tensor)] = tensor
            if self._tape is not None:
                node = node_of(tensor, self._tape) or tape.Node(None)
                self._tape.leaves[id(tensor)] = node
        return self

    def detach(self, tensors: Tensor | Iterable[Tensor] | None = None) -> GradManager:
        """Stop tracking these tensors (default: all), and set their ``grad`` to None.

        During a recording it takes effect for the operations that follow.

        Raises
        ------
        CoreError : a value is not a tensor
        """
        if tensors is None:
            tensors = list(self._attached.values())
        for tensor in as_tensor_list(tensors, Tensor, "detach takes tensors"):
            self._attached.pop(id(tensor), None)
            tensor.grad = None
            if self._tape is not None:  # a later tensor may get the same identity
                self._tape.leaves.pop(id(tensor), None)
        return self

    def attached_tensors(self) -> list[Tensor]:
        """Return the attached tensors, in the order in which they were attached."""
        return list(self._attached.values())

    def record(self) -> None:
        """Start recording in this thread, as ``with gm:`` does.

        Raises
        ------
        CoreError : a manager already records in this thread, or this one in another thread
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
        """Stop recording and clear the tape; gradients stay."""
        if self._tape is not None:
            if tape.current() is self._tape:
                tape.stop()
            self._tape.clear()
        self._tape = None

    def backward(self, output: Tensor, grad: Tensor | None = None) -> None:
        """Differentiate ``output`` and add the result to the attached tensors' ``grad``.

        It ends the recording: a forward pass is differentiated once. The ``grad`` of an attached
        tensor that ``output`` does not depend on is unchanged.

        Parameters
        ----------
        output : the tensor to differentiate, computed since recording began
        grad : gradient at ``output``, of its shape; default 1, for an output of one element

        Raises
        ------
        ShapeError : ``output`` has several elements and there is no ``grad``, or ``grad`` has
            another shape
        CoreError : nothing is recorded, or ``output`` is not a tensor of this recording
        """
        if self._tape is None:
            raise CoreError(
                "backward needs a recorded forward pass: call it inside `with gm:`, once"
            )
        seed = _seed(output, grad)
        node = node_of(output, self._tape)
        if node is None and output._tape is not None:
            raise CoreError("the output is of an earlier recording; compute it again")
        recorded, self._tape = self._tape, None
        tape.stop()
        if node is not None:
            self._accumulate(recorded, recorded.gradients(node, seed), seed)

    def _accumulate(
        self, recorded: tape.Tape, gradients: Mapping[tape.Node, Array], seed: Array
    ) -> None:
        used = {id(seed)}
        for identity, tensor in self._attached.items():
            grad = gradients.get(recorded.leaves[identity])
            if grad is None:
                continue
            if tensor.grad is not None:
                grad = tensor.grad.numpy() + grad
            elif grad.base is not None or id(grad) in used:
                # Two gradients may be one array, as those of a and b in a + b. Code that scales one
                # in place must not scale both.
                grad = grad.copy()
            used.add(id(grad))
            tensor.grad = Tensor(grad)

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
    """Return the gradient at the output, of its shape and dtype."""
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
