"""Base class of differentiable operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]


class Op:
    """A differentiable operation.

    Subclasses are frozen dataclasses whose fields are the operation's attributes. They hold no
    arrays, so one instance may be applied any number of times.
    """

    name: ClassVar[str]
    differentiable: ClassVar[bool] = True
    """Whether a gradient can flow through; if not, the operation is not recorded."""

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        """Return the output, and what ``backward`` needs of inputs and intermediate values.

        Inputs are C-contiguous and of one floating dtype, unless an operation documents otherwise.
        The output is a new array, or a view of an input that is never written to.
        """
        raise NotImplementedError

    def infer_output(self, *inputs: Array) -> Array:
        """Return an array of the output's shape and dtype, of any values, for tracing.

        Raises what ``forward`` raises.
        """
        return self.forward(*inputs)[0]

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        """Return the gradient of each input, or None where ``needs`` is False.

        ``needs`` has a flag for each input of ``forward``. Gradients that are not needed are not
        computed, which makes the step of a partly frozen network faster. ``grad`` must not be
        written to.
        """
        raise NotImplementedError
