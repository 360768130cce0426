"""Adagrad: gradients divided by the root of the sum of their squares so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ..ops.base import Array
from .constraints import NOT_NEGATIVE, POSITIVE, Constraint
from .groups import Group, Params
from .optimizer import Optimizer
from .state import ParameterState
from .update_call import UpdateCall

SUM = "sum"


class Adagrad(Optimizer):
    """Adagrad.

    For weights ``p``, gradient ``g``, sum ``s`` (zero at first), at update ``t``::

        g += weight_decay * p
        s += g * g
        p -= lr / (1 + (t - 1) * lr_decay) * g / sqrt(s + eps)

    Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic
    optimization" (2011). ``eps`` is inside the root, as in MegEngine; PyTorch adds it to the
    root, where the same number has less effect. Each parameter has its own ``t``.

    Parameters
    ----------
    params : a Parameter, an iterable of them, or of dicts with a group each
    lr : learning rate, 0 or more; at 0 the weights keep their bits, and the sum grows
    lr_decay : 0 or more
    eps : above 0, inside the root
    weight_decay : 0 or more, added to the gradient
    """

    rule: ClassVar[str] = "adagrad"
    constraints: ClassVar[Mapping[str, Constraint]] = {
        "lr": NOT_NEGATIVE,
        "lr_decay": NOT_NEGATIVE,
        "eps": POSITIVE,
        "weight_decay": NOT_NEGATIVE,
    }
    slots: ClassVar[tuple[str, ...]] = (SUM,)
    depends_on_step: ClassVar[bool] = True

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        eps: float = 1e-10,
        weight_decay: float = 0.0,
    ) -> None:
        hyper = {"lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, hyper)

    def prepare_update(self, param: Array, state: ParameterState, group: Group) -> UpdateCall:
        """See `Optimizer.prepare_update`."""
        lr = group["lr"] / (1.0 + (state.step - 1) * group["lr_decay"])
        return UpdateCall(
            "adagrad", (state.slot(SUM, param),), (lr, group["eps"], group["weight_decay"])
        )
