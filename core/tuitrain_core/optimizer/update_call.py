"""An update of one parameter, ready to be carried out: by the eager tier, or natively."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..kernels.update import Sums
from ..ops.base import Array


@dataclass(frozen=True, slots=True)
class UpdateCall:
    """Which kernel, on which state, with which numbers.

    Attributes
    ----------
    kernel : one of `kernels.update`; takes the parameter and its gradient, the slots, the scalars
    slots : flat arrays of the parameter's dtype, made of zeros at a parameter's first update
    scalars : what the rule computes from hyper-parameters and the count of updates, as float64; to
        be rounded to the parameter's dtype once
    """

    kernel: Callable[..., Sums]
    slots: tuple[Array, ...]
    scalars: tuple[float, ...]

    def apply(self, param: Array, grad: Array) -> Sums:
        """Carry it out in place, on flat arrays; return what the kernel measured."""
        number = param.dtype.type
        return self.kernel(param, grad, *self.slots, *map(number, self.scalars))
