"""Adadelta: step lengths derived from the steps before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ..ops.base import Array
from .constraints import FRACTION, NOT_NEGATIVE, POSITIVE, Constraint
from .groups import Group, Params
from .optimizer import Optimizer
from .state import ParameterState
from .update_call import UpdateCall

SQUARE, DELTA = "square_avg", "acc_delta"


class Adadelta(Optimizer):
    """Adadelta.

    For weights ``p``, gradient ``g``, averages ``s`` and ``a`` (zero at first)::

        g += weight_decay * p
        s  = rho * s + (1 - rho) * g * g
        d  = sqrt(a + eps) / sqrt(s + eps) * g
        a  = rho * a + (1 - rho) * d * d
        p -= lr * d

    Zeiler, "ADADELTA: an adaptive learning rate method" (2012), algorithm 1. The paper has no
    lr, which is lr 1. ``a`` averages steps without lr, so an edited lr does not feed back.

    Parameters
    ----------
    params : a Parameter, an iterable of them, or of dicts with a group each
    lr : learning rate, 0 or more; at 0 the weights keep their bits, and the averages change
    rho : in [0, 1)
    eps : above 0, inside both roots; the first steps have about the length sqrt(eps)
    weight_decay : 0 or more, added to the gradient
    """

    rule: ClassVar[str] = "adadelta"
    constraints: ClassVar[Mapping[str, Constraint]] = {
        "lr": NOT_NEGATIVE,
        "rho": FRACTION,
        "eps": POSITIVE,
        "weight_decay": NOT_NEGATIVE,
    }
    slots: ClassVar[tuple[str, ...]] = (SQUARE, DELTA)

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
    ) -> None:
        hyper = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, hyper)

    def prepare_update(self, param: Array, state: ParameterState, group: Group) -> UpdateCall:
        """See `Optimizer.prepare_update`."""
        lr, rho, eps = group["lr"], group["rho"], group["eps"]
        return UpdateCall(
            "adadelta",
            (state.slot(SQUARE, param), state.slot(DELTA, param)),
            (lr, rho, 1.0 - rho, eps, group["weight_decay"]),
        )
