"""Stochastic gradient descent, with momentum, Nesterov's variant and weight decay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..ops.base import Array
from .constraints import FLAG, FRACTION, NOT_NEGATIVE, Constraint
from .groups import Group, Params
from .optimizer import Optimizer
from .state import ParameterState
from .update_call import UpdateCall

BUFFER = "momentum_buffer"


class SGD(Optimizer):
    """Stochastic gradient descent.

    For weights ``p``, gradient ``g``, velocity ``v`` (zero at first)::

        g += weight_decay * p
        v  = momentum * v + g
        p -= lr * (g + momentum * v if nesterov else v)

    Momentum as in Sutskever et al., "On the importance of initialization and momentum in deep
    learning" (2013), with lr outside the velocity, so an edited lr takes effect at once.

    Parameters
    ----------
    params : a Parameter, an iterable of them, or of dicts with a group each
    lr : learning rate, 0 or more; at 0 the weights keep their bits, and the velocity changes
    momentum : in [0, 1). At 0 the velocity is dropped, so momentum that is
        switched on again starts from 0.
    nesterov : evaluate one step ahead; needs momentum above 0
    weight_decay : 0 or more, added to the gradient
    """

    rule: ClassVar[str] = "sgd"
    constraints: ClassVar[Mapping[str, Constraint]] = {
        "lr": NOT_NEGATIVE,
        "momentum": FRACTION,
        "nesterov": FLAG,
        "weight_decay": NOT_NEGATIVE,
    }
    slots: ClassVar[tuple[str, ...]] = (BUFFER,)
    optional_slots: ClassVar[tuple[str, ...]] = (BUFFER,)

    def __init__(
        self,
        params: Params,
        lr: float,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        hyper = {"lr": lr, "momentum": momentum, "nesterov": nesterov}
        super().__init__(params, {**hyper, "weight_decay": weight_decay})

    def _validate_together(self, group: Mapping[str, Any]) -> list[str]:
        if group["nesterov"] and not group["momentum"]:
            return [f"nesterov needs momentum above 0, but momentum is {group['momentum']!r}"]
        return []

    def prepare_update(self, param: Array, state: ParameterState, group: Group) -> UpdateCall:
        """See `Optimizer.prepare_update`."""
        lr, momentum, weight_decay = group["lr"], group["momentum"], group["weight_decay"]
        if not momentum:
            state.slots.pop(BUFFER, None)
            return UpdateCall("sgd", (), (lr, weight_decay))
        return UpdateCall(
            "sgd_momentum",
            (state.slot(BUFFER, param),),
            (lr, momentum, weight_decay, float(group["nesterov"])),
        )
