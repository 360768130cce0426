"""Adam, with weight decay added to the gradient."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

from ..ops.base import Array
from .constraints import NOT_NEGATIVE, POSITIVE, TWO_FRACTIONS, Constraint
from .groups import Group, Params
from .optimizer import Optimizer
from .state import ParameterState
from .update_call import UpdateCall

FIRST, SECOND = "exp_avg", "exp_avg_sq"


class Adam(Optimizer):
    """Adam.

    For weights ``p``, gradient ``g``, moments ``m`` and ``v`` (zero at first), at update ``t``::

        g += weight_decay * p
        m  = beta1 * m + (1 - beta1) * g
        v  = beta2 * v + (1 - beta2) * g * g
        p -= lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)

    Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1. Each
    parameter has its own ``t``, which does not count steps in which it was frozen.

    Parameters
    ----------
    params : a Parameter, an iterable of them, or of dicts with a group each
    lr : learning rate, 0 or more; at 0 the weights keep their bits, and the moments change
    betas : two numbers in [0, 1)
    eps : above 0, outside the root
    weight_decay : 0 or more, added to the gradient (L2); `AdamW` decouples it
    """

    rule: ClassVar[str] = "adam"
    constraints: ClassVar[Mapping[str, Constraint]] = {
        "lr": NOT_NEGATIVE,
        "betas": TWO_FRACTIONS,
        "eps": POSITIVE,
        "weight_decay": NOT_NEGATIVE,
    }
    slots: ClassVar[tuple[str, ...]] = (FIRST, SECOND)
    depends_on_step: ClassVar[bool] = True

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        hyper = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, hyper)

    def prepare_update(self, param: Array, state: ParameterState, group: Group) -> UpdateCall:
        """See `Optimizer.prepare_update`."""
        beta1, beta2 = group["betas"]
        return UpdateCall(
            "adam",
            (state.slot(FIRST, param), state.slot(SECOND, param)),
            (
                group["lr"] / (1.0 - beta1**state.step),
                beta1,
                beta2,
                1.0 - beta1,
                1.0 - beta2,
                1.0 / math.sqrt(1.0 - beta2**state.step),
                group["eps"],
                *self._decays(group),
            ),
        )

    def _decays(self, group: Group) -> tuple[float, float]:
        """Return the decay added to the gradient, and the decay subtracted from the weights."""
        return group["weight_decay"], 0.0
