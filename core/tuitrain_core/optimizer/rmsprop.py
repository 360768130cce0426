"""RMSprop: gradients divided by the root of their mean square."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ..kernels import update
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

    Tieleman and Hinton, "Lecture 6.5: RMSprop", Coursera (2012), with eps outside of the root and
    momentum on the divided gradient, as PyTorch has it; centered after Graves, "Generating
    sequences with recurrent neural networks" (2013), eq. 38 to 45. The averages start at 0 without
    a correction for it, so that the first steps are longer, up to 1 / sqrt(1 - alpha) times.

    Where the gradient is steady, rounding may take ``s - m * m`` below 0; it then counts as 0.

    Parameters
    ----------
    params : a Parameter, an iterable of them, or of dicts with a group each
    lr : learning rate, 0 or more; at 0 the weights stand still and the averages go on
    alpha : in [0, 1)
    eps : above 0, outside of the root
    momentum : in [0, 1). While it is 0 there is no velocity, and one that was there is dropped.
    centered : divide by the standard deviation. While it is False there is no ``m``, and one that
        was there is dropped.
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
        """See `Optimizer.prepare`."""
        return UpdateCall(
            update.rmsprop,
            (
                state.slot(SQUARE, param),
                _slot_if(group["centered"], state, MEAN, param),
                _slot_if(group["momentum"], state, BUFFER, param),
            ),
            (
                group["lr"],
                group["alpha"],
                1.0 - group["alpha"],
                group["eps"],
                group["momentum"],
                group["weight_decay"],
            ),
        )


def _slot_if(wanted: Any, state: ParameterState, name: str, param: Array) -> Array:
    """Return a slot flat while it is wanted; else drop it, and return nothing in an array."""
    if wanted:
        return state.slot(name, param)
    state.slots.pop(name, None)
    return np.empty(0, param.dtype)
