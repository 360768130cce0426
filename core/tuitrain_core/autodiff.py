"""GradManager: which tensors get gradients, and the backward pass.

Gradients are computed for the attached tensors and for nothing else: a parameter that is not
attached has ``grad is None``, and whatever only it would need is not computed.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType

import numpy as np

from . import tape
from .errors import CoreError
from .tensor import Tensor, node_of


class GradManager:
    """Records a forward pass and differentiates it.

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

        While recording it takes effect at once, for what is computed from then on.

        Raises
        ------
        CoreError : something given is not a tensor, or not of a floating dtype
        """
        given = [tensors] if isinstance(tensors, Tensor) else list(tensors)
        for each in given:
            if not isinstance(each, Tensor):
                raise CoreError(f"attach takes tensors, but was given {type(each).__name__}")
            if each.dtype.kind != "f":
                raise CoreError(f"gradients need a floating dtype, but a tensor has {each.dtype}")
        for each in given:
            self._attached[id(each)] = each
            if self._tape is not None:
                self._tape.leaves.setdefault(id(each), tape.Node(None))
        return self

    def detach(self, tensors: Tensor | Iterable[Tensor] | None = None) -> GradManager:
        """Ask no longer for gradients of these tensors (default: of none), and drop theirs."""
        if tensors is None:
            tensors = list(self._attached.values())
        for each in [tensors] if isinstance(tensors, Tensor) else list(tensors):
            self._attached.pop(id(each), None)
            each.grad = None
        return self

    def attached_tensors(self) -> list[Tensor]:
        """Return what gradients are asked for, in the order in which it was attached."""
        return list(self._attached.values())

    def record(self) -> None:
        """Start recording, as ``with gm:`` does.

        Raises
        ------
        CoreError : a manager already records in this thread
        """
        if tape.recording() is not None:
            raise CoreError(
                "another GradManager is recording in this thread; leave its block first"
            )
        self._tape = tape.start(list(self._attached))

    def release(self) -> None:
        """Stop recording and drop what was recorded; gradients stay."""
        if self._tape is not None and tape.recording() is self._tape:
            tape.stop()
        self._tape = None

    def backward(self, output: Tensor, grad: Tensor | None = None) -> None:
        """Differentiate ``output`` and add the result to the attached tensors' ``grad``.

        Parameters
        ----------
        output : what to differentiate, computed since recording began
        grad : gradient at ``output``, of its shape; default: one, for an output of one element

        Raises
        ------
        CoreError : nothing is recorded, or ``output`` has several elements and no ``grad``
        """
        if self._tape is None:
            raise CoreError("backward needs a recorded forward pass: call it inside `with gm:`")
        if grad is None and output.size != 1:
            raise CoreError(
                f"backward of an output of shape {output.shape} needs its gradient, of that shape"
            )
        seed = np.ones_like(output.numpy()) if grad is None else grad.numpy()
        if seed.shape != output.shape:
            raise CoreError(f"the output has shape {output.shape}, its gradient {seed.shape}")
        recorded, self._tape = self._tape, None
        tape.stop()
        self._accumulate(recorded, output, seed)

    def _accumulate(self, recorded: tape.Tape, output: Tensor, seed: np.ndarray) -> None:
        node = node_of(output, recorded)
        found = {} if node is None else recorded.gradients(node, seed)
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
