"""Lion: steps of one length for all weights, by the sign of the momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ..ops.base import Array
from .constraints import NOT_NEGATIVE, TWO_FRACTIONS, Constraint
from .groups import Group, Params
from .optimizer import Optimizer
from .state import ParameterState
from .update_call import UpdateCall

MOMENTUM = "exp_avg"


class Lion(Optimizer):
    """Lion.

    For weights ``p``, gradient ``g``, momentum ``m`` (zero at first)::

        c  = beta1 * m + (1 - beta1) * g
        p -= lr * (sign(c) + weight_decay * p)
        m  = beta2 * m + (1 - beta2) * g

    Chen et al., "Symbolic discovery of optimization algorithms" (2023), algorithm 2. The sign of 0
    is 0, and the sign of NaN is NaN, which shows in the weights.

    Every weight moves by lr at every step. The paper recommends an lr 3 to 10 times smaller than
    Adam's, and a weight decay larger by the same factor.

    Parameters
    ----------
    params : a Parameter, an iterable of them, or of dicts with a group each
    lr : learning rate, 0 or more; at 0 the weights keep their bits, and the momentum changes
    betas : two numbers in [0, 1), for the step and for the momentum
    weight_decay : 0 or more, subtracted from the weights
    """

    rule: ClassVar[str] = "lion"
    constraints: ClassVar[Mapping[str, Constraint]] = {
        "lr": NOT_NEGATIVE,
        "betas": TWO_FRACTIONS,
        "weight_decay": NOT_NEGATIVE,
    }
    slots: ClassVar[tuple[str, ...]] = (MOMENTUM,)

    def __init__(
        self,
        params: Params,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    def prepare_update(self, param: Array, state: ParameterState, group: Group) -> UpdateCall:
        """See `Optimizer.prepare_update`."""
        lr, (beta1, beta2) = group["lr"], group["betas"]
        return UpdateCall(
            "lion",
            (state.slot(MOMENTUM, param),),
            (lr, beta1, 1.0 - beta1, beta2, 1.0 - beta2, lr * group["weight_decay"]),
        )
