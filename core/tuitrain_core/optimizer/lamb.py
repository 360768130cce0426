"""LAMB: Adam's direction, scaled to the norm of the weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from ..ops.base import Array
from .adam import FIRST, SECOND
from .constraints import NOT_NEGATIVE, POSITIVE, TWO_FRACTIONS, Constraint
from .groups import Group, Params
from .optimizer import Optimizer
from .state import ParameterState
from .update_call import UpdateCall, UpdateStatistics, apply_rule


class LAMB(Optimizer):
    """LAMB.

    For weights ``p``, gradient ``g``, moments ``m`` and ``v`` (zero at first), at update ``t``::

        m  = beta1 * m + (1 - beta1) * g
        v  = beta2 * v + (1 - beta2) * g * g
        d  = (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps) + weight_decay * p
        p -= lr * |p| / |d| * d

    with the Euclidean norms of the whole parameter; ``|p| / |d|`` is the trust ratio; it
    is 1 where one of the two norms is 0. You et al., "Large batch optimization for deep learning:
    training BERT in 76 minutes" (2020), algorithm 2, with the identity for the paper's phi. The
    ratio is not clipped, and is applied with and without decay.

    Parameters
    ----------
    params : a Parameter, an iterable of them, or of dicts with a group each
    lr : learning rate, 0 or more: the relative length of a step; default 1e-3. At 0 the weights
        keep their bits, and the moments change.
    betas : two numbers in [0, 1); default (0.9, 0.999), as in the paper
    eps : above 0, outside the root; default 1e-6, larger than Adam's, as is usual for LAMB
    weight_decay : 0 or more, in the direction and not in the moments; default 1e-2, as in the
        paper's training of BERT
    """

    rule: ClassVar[str] = "lamb"
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
        eps: float = 1e-6,
        weight_decay: float = 1e-2,
    ) -> None:
        hyper = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, hyper)

    def prepare_update(self, param: Array, state: ParameterState, group: Group) -> UpdateCall:
        """See `Optimizer.prepare_update`."""
        beta1, beta2 = group["betas"]
        return LambCall(
            "lamb",
            (state.slot(FIRST, param), state.slot(SECOND, param)),
            (
                group["lr"],
                beta1,
                beta2,
                1.0 - beta1,
                1.0 - beta2,
                1.0 / (1.0 - beta1**state.step),
                1.0 / math.sqrt(1.0 - beta2**state.step),
                group["eps"],
                group["weight_decay"],
            ),
        )


class LambCall(UpdateCall):
    """LAMB's two passes: the norms of the first decide the length of the second."""

    __slots__ = ()

    def apply(self, param: Array, grad: Array) -> UpdateStatistics:
        """See `UpdateCall.apply`."""
        arrays = param, grad, self.slots
        _, direction, weight = apply_rule("lamb_norms", *arrays, self.scalars)
        lr, largest = float(param.dtype.type(self.scalars[0])), float(np.finfo(param.dtype).max)
        step_size = _step_size(lr, weight, direction, largest)
        second = UpdateCall(self.rule, self.slots, (step_size, *self.scalars[1:]))
        return second.apply(param, grad)


def _step_size(lr: float, weight: float, direction: float, largest: float) -> float:
    """Return lr times the trust ratio, from the squares of the two norms; NaN stays NaN.

    The ratio has no bound when gradients vanish. It is limited to the ``largest`` number of the
    dtype, with which a step is not too long; with infinity it would be.
    """
    if lr == 0 or weight == 0 or direction == 0:
        return lr
    step_size = lr * (math.sqrt(weight) / math.sqrt(direction))
    return largest if step_size > largest else step_size
