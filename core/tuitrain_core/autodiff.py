"""GradManager: the tensors that get gradients, and the backward pass.

Gradients are computed for attached tensors only: the ``grad`` of another parameter stays None, and
computations that only its gradient needs are skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeAlias

import numpy as np

from . import tape
from .absent_names import absent
from .custom_function import Function
from .errors import CoreError, RecordingError, ShapeError
from .ops.base import Array, Op
from .tensor import Tensor, as_tensor_list, node_of, wrap

__all__ = ["Function", "GradManager", "observe_backward", "observe_recording"]


if not TYPE_CHECKING:  # which knows the names

    def __getattr__(name: str) -> NoReturn:
        raise absent(__name__, name, __all__)


Callback: TypeAlias = Callable[[Tensor, Tensor], Tensor | None]
"""Called with an attached tensor and its gradient; returns the gradient to use instead, or None."""

_observers: list[Callable[[GradManager, Sequence[Tensor]], None]] = []
_recording_observers: list[Callable[[GradManager], None]] = []


def observe_recording(observer: Callable[[GradManager], None]) -> Callable[[], None]:
    """Call a function before each recording begins, in its thread, with its manager.

    Returns
    -------
    A function that ends the observation
    """
    _recording_observers.append(observer)
    return lambda: _recording_observers.remove(observer)


def observe_backward(
    observer: Callable[[GradManager, Sequence[Tensor]], None],
) -> Callable[[], None]:
    """Call a function after each backward pass, in its thread, with its manager and outputs.

    Returns
    -------
    A function that ends the observation
    """
    _observers.append(observer)
    return lambda: _observers.remove(observer)


class GradManager:
    """Records a forward pass and differentiates it.

    A manager has one recording at a time. Managers may be nested: each records for itself.
    Recording ends with `backward`, or with the block. Gradients of gradients are not computed.

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
        self._callbacks: dict[int, list[Callback]] = {}
        self._tape: tape.Tape | None = None

    def attach(
        self,
        tensors: Tensor | Iterable[Tensor],
        callbacks: Callback | Iterable[Callback] | None = None,
    ) -> GradManager:
        """Track the gradients of these tensors; returns the manager itself.

        During a recording it takes effect for the operations that follow. A tensor that was
        computed in the recording gets its gradient, and passes it on to its inputs.

        Parameters
        ----------
        tensors : one tensor, or an iterable
        callbacks : functions of a tensor and its new gradient, called in order in each backward
            pass before the gradient is added; what one returns replaces the gradient

        Raises
        ------
        CoreError : a value is not a tensor, or its dtype is not floating
        """
        listed = as_tensor_list(tensors, Tensor, "attach takes tensors")
        added = [callbacks] if callable(callbacks) else list(callbacks or ())
        for tensor in listed:
            if tensor.dtype.kind != "f":
                raise CoreError(f"gradients need a floating dtype, but a tensor has {tensor.dtype}")
        for tensor in listed:
            self._attached[id(tensor)] = tensor
            self._callbacks.setdefault(id(tensor), []).extend(added)
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
            self._callbacks.pop(id(tensor), None)
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
        RecordingError : this manager already records, in this thread or in another one
        """
        if self._tape is not None:
            where = "in this thread already; leave its block first"
            if self._tape not in tape.active():
                where = "in another thread; each thread needs its own"
            raise RecordingError(f"this GradManager is recording {where}")
        for observer in _recording_observers:
            observer(self)
        self._tape = tape.start(list(self._attached))

    def release(self) -> None:
        """Stop recording and clear the tape; gradients stay."""
        if self._tape is not None:
            tape.stop(self._tape)
            self._tape.clear()
        self._tape = None

    def backward(
        self,
        y: Tensor | Sequence[Tensor] | None = None,
        dy: Tensor | Sequence[Tensor | None] | None = None,
    ) -> None:
        """Differentiate outputs and add the result to the attached tensors' ``grad``.

        It ends the recording: a forward pass is differentiated once. The ``grad`` of an attached
        tensor that the outputs do not depend on is unchanged.

        Parameters
        ----------
        y : the tensor to differentiate, computed since recording began; or a list of them
        dy : gradient at ``y``, of its shape; or one for each tensor of the list; default: ones

        Raises
        ------
        ShapeError : a gradient has another shape than its output
        RecordingError : nothing is recorded, or an output is not of this recording
        """
        if self._tape is None:
            raise RecordingError(
                "backward needs a recorded forward pass: call it inside `with gm:`, once"
            )
        outputs, seeds = _as_outputs(y, dy)
        nodes = [node_of(output, self._tape) for output in outputs]
        for output, node in zip(outputs, nodes, strict=True):
            if node is None and output._tape is not None and output._tape not in tape.active():
                raise RecordingError("the output is of an earlier recording; compute it again")
        recorded, self._tape = self._tape, None
        tape.stop(recorded)
        by_node: dict[tape.Node, Array] = {}
        for node, seed in zip(nodes, seeds, strict=True):
            if node is not None:
                by_node[node] = by_node[node] + seed if node in by_node else seed
        if by_node:
            self._accumulate(recorded, recorded.gradients(by_node), seeds, outputs)
        for observer in _observers:
            observer(self, outputs)

    def _accumulate(
        self,
        recorded: tape.Tape,
        gradients: Mapping[tape.Node, Array],
        seeds: Sequence[Array],
        outputs: Sequence[Tensor],
    ) -> None:
        used = set(map(id, seeds))
        for identity, tensor in self._attached.items():
            grad = gradients.get(recorded.leaves[identity])
            if grad is None:
                continue
            callbacks = self._callbacks.get(identity)
            if callbacks:
                grad = _call(callbacks, tensor, grad)
            if tensor.grad is not None:  # the same tensor, as in MegEngine
                tensor.grad._array = np.asarray(tensor.grad._array + grad)
                continue
            if grad.base is not None or id(grad) in used:
                # Two gradients may be one array, as those of a and b in a + b. Code that scales one
                # in place must not scale both.
                grad = grad.copy()
            used.add(id(grad))
            tensor.grad = wrap(grad)
            if tape.active():
                _mark_as_gradient(tensor.grad, outputs)

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


@dataclass(frozen=True, slots=True)
class _GradientOp(Op):
    """A gradient, as an outer recording sees it: it cannot be differentiated."""

    name: ClassVar[str] = "gradient"

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:  # noqa: ARG002
        raise RecordingError("gradients of gradients are not computed")


def _mark_as_gradient(grad: Tensor, outputs: Sequence[Tensor]) -> None:
    """Record on the outer tapes that a gradient depends on what its output depends on."""
    for recorder in tape.active():
        parents = tuple(node_of(output, recorder) for output in outputs)
        if any(parent is not None for parent in parents):
            recorder.later[id(grad)] = (grad, recorder.record(_GradientOp(), None, parents))


def _call(callbacks: Sequence[Callback], tensor: Tensor, grad: Array) -> Array:
    """Return a gradient after its callbacks."""
    value = wrap(grad)
    with tape.paused():
        for callback in callbacks:
            result = callback(tensor, value)
            value = value if result is None else result
    return value._array


def _as_outputs(y: Any, dy: Any) -> tuple[list[Tensor], list[Array]]:
    """Return the outputs, and the gradient at each of them."""
    if y is None:
        return [], []
    outputs = as_tensor_list(y, Tensor, "backward takes tensors")
    if dy is None or isinstance(y, Tensor):
        grads: list[Any] = [dy] * len(outputs) if dy is None else [dy]
    else:
        grads = list(dy)
    if isinstance(y, Tensor) and isinstance(dy, list | tuple) and len(dy) == 1:
        grads = list(dy)
    if len(grads) != len(outputs):
        raise ShapeError(f"backward of {len(outputs)} outputs was given {len(grads)} gradients")
    return outputs, [_seed(*pair) for pair in zip(outputs, grads, strict=True)]


def _seed(output: Tensor, grad: Any) -> Array:
    """Return the gradient at an output, of its shape and dtype; ones by default."""
    if grad is None:
        return np.ones(output.shape, output.dtype)
    seed = Tensor(grad, output.dtype)._array
    if seed.shape != output.shape:
        raise ShapeError(f"the output has shape {output.shape}, its gradient {seed.shape}")
    return seed
