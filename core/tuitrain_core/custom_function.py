"""Function: an operation that a user writes, with its own backward pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from . import tape
from .errors import CoreError
from .ops.base import Array, Op
from .tensor import Tensor, apply, wrap


class Function:
    """An operation with a backward pass of its own; subclass it, and call an instance.

    A subclass has ``forward(*inputs)``, which returns one tensor, and ``backward(grad)``, which
    returns the gradient of each input (a tensor or None, or a tuple of them). Nothing that they
    compute is recorded.
    """

    def forward(self, *inputs: Any) -> Tensor:
        """Compute the output."""
        raise NotImplementedError

    def backward(self, *grads: Any) -> Any:
        """Return the gradients of the inputs."""
        raise NotImplementedError

    def __call__(self, *inputs: Any) -> Tensor:
        """Call `forward`, and record `backward` for it."""
        tensors = [value for value in inputs if isinstance(value, Tensor)]
        return apply(_CustomOp(self, inputs), *tensors)


@dataclass(frozen=True, slots=True, eq=False)
class _CustomOp(Op):
    """A call of a `Function`; its inputs are the tensors among the arguments."""

    name: ClassVar[str] = "function"
    function: Function
    arguments: tuple[Any, ...]

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        arrays = iter(inputs)
        values = [
            wrap(next(arrays)) if isinstance(value, Tensor) else value for value in self.arguments
        ]
        with tape.paused():
            output = self.function.forward(*values)
        if not isinstance(output, Tensor):
            raise CoreError(
                f"{type(self.function).__name__}.forward returns one tensor, but returned "
                f"{type(output).__name__}"
            )
        return output._array, None

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:  # noqa: ARG002
        with tape.paused():
            result = self.function.backward(wrap(grad))
        parts = list(result) if isinstance(result, tuple | list) else [result]
        if len(parts) == len(self.arguments) != len(needs):
            pairs = zip(parts, self.arguments, strict=True)
            parts = [part for part, value in pairs if isinstance(value, Tensor)]
        if len(parts) != len(needs):
            raise CoreError(
                f"{type(self.function).__name__}.backward returns {len(needs)} gradients, but "
                f"returned {len(parts)}"
            )
        return tuple(None if part is None else part._array for part in parts)
