"""RMSprop: gradients divided by the root of their mean square."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ..ops.base import Array
from .constraints import FLAG, FRACTION, NOT_NEGATIVE, POSITIVE, Constraint
from .groups import Group, Params
from .optimizer import Optimizer
from .state import ParameterState
from .update_call import UpdateCall

SQUARE, MEAN, BUFFER = "square_avg", "grad_avg", "momentum_buffer"


class RMSprop(Optimizer):
    """RMSprop.

    For weights ``p``, gradient ``g``, averages ``s`` and ``m``, velocity ``v`` (zero at first)::

        g += weight_decay * p
        s  = alpha * s + (1 - alpha) * g * g
        m  = alpha * m + (1 - alpha) * g           # if centered
        d  = g / (sqrt(s - m * m if centered else s) + eps)
        v  = momentum * v + d
        p -= lr * v

    Tieleman and Hinton, "Lecture 6.5: RMSprop", Coursera (2012), with eps outside the root and
    momentum of the divided gradient, as in PyTorch; centered after Graves, "Generating
    sequences with recurrent neural networks" (2013), eq. 38 to 45. The averages start at 0 without
    bias correction, so the first steps are longer, by up to 1 / sqrt(1 - alpha).

    Where rounding of a steady gradient makes ``s - m * m`` negative, it counts as 0.

    Parameters
    ----------
    params : a Parameter, an iterable of them, or of dicts with a group each
    lr : learning rate, 0 or more; at 0 the weights keep their bits, and the averages change
    alpha : in [0, 1)
    eps : above 0, outside the root
    momentum : in [0, 1). At 0 the velocity is dropped.
    centered : divide by the standard deviation; at False the average ``m`` is dropped
    weight_decay : 0 or more, added to the gradient
    """

    rule: ClassVar[str] = "rmsprop"
    constraints: ClassVar[Mapping[str, Constraint]] = {
        "lr": NOT_NEGATIVE,
        "alpha": FRACTION,
        "eps": POSITIVE,
        "momentum": FRACTION,
        "centered": FLAG,
        "weight_decay": NOT_NEGATIVE,
    }
    slots: ClassVar[tuple[str, ...]] = (SQUARE, MEAN, BUFFER)
    optional_slots: ClassVar[tuple[str, ...]] = (MEAN, BUFFER)

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        momentum: float = 0.0,
        centered: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        hyper = {"lr": lr, "alpha": alpha, "eps": eps, "momentum": momentum}
        super().__init__(params, {**hyper, "centered": centered, "weight_decay": weight_decay})

    def prepare_update(self, param: Array, state: ParameterState, group: Group) -> UpdateCall:
        """See `Optimizer.prepare_update`."""
        lr, alpha, momentum = group["lr"], group["alpha"], group["momentum"]
        rule, slots = "rmsprop", [state.slot(SQUARE, param)]
        for name, in_use, suffix in (
            (MEAN, group["centered"], "_centered"),
            (BUFFER, momentum, "_momentum"),
        ):
            if in_use:
                rule += suffix
                slots.append(state.slot(name, param))
            else:
                state.slots.pop(name, None)
        scalars = lr, alpha, 1.0 - alpha, group["eps"], momentum, group["weight_decay"]
        return UpdateCall(rule, tuple(slots), scalars)
