"""The shape of a differentiable operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]


class Op:
    """One differentiable operation.

    Subclasses are frozen dataclasses: their fields are the operation's attributes. They hold no
    arrays, so that one instance may be applied any number of times.
    """

    name: ClassVar[str]

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        """Compute the output, and whatever ``backward`` needs of the inputs and intermediates.

        Inputs are C-contiguous and of one floating dtype, except where an operation says
        otherwise. The output is a new array, or a view of an input that is never written to.
        """
        raise NotImplementedError

    def infer_output(self, *inputs: Array) -> Array:
        """Give an array of the output's shape and dtype, whatever its values.

        For those who ask what happens and not what comes out. Raises what ``forward`` raises.
        """
        return self.forward(*inputs)[0]

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        """Give the gradient of each input, or None where ``needs`` is False.

        ``needs`` has one flag for each input of ``forward``. What is not needed is not computed:
        this is what makes the step of a partly frozen network faster. ``grad`` belongs to the
        caller and must not be written to.
        """
        raise NotImplementedError
