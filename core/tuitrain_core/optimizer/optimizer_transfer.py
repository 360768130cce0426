"""Handing over what optimizers remember of parameters to one that takes their place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from ..errors import CoreError
from ..tensor import Parameter, as_tensor_list
from .groups import Group
from .optimizer import Optimizer
from .state_transfer import transfer_state

Fresh = TypeVar("Fresh", bound=Optimizer)


def transfer_optimizer(
    old: Optimizer | Iterable[Optimizer], new: Fresh, params: Iterable[Parameter] | None = None
) -> Fresh:
    """Give a new optimizer what old ones know of its parameters; returns the new one.

    Between the same rule with the same settings the state goes over as it is, else translated as
    `carry` does; where nothing maps it begins anew. The arrays are copies: the old optimizers stay
    as they are.

    Parameters
    ----------
    old : one optimizer, or several; what they do not know of begins anew
    new : takes the state over
    params : whose state; default: that of all of the new one's parameters

    Raises
    ------
    CoreError : the new one has not all of these parameters
    """
    donors = [old] if isinstance(old, Optimizer) else list(old)
    own = new.parameters()
    wanted = own if params is None else as_tensor_list(params, Parameter, "expected a Parameter")
    if not {*wanted} <= {*own}:
        raise CoreError(f"{new.rule} has not all of the parameters whose state it shall take over")
    for donor in donors:
        known = {*donor.parameters()} & donor.state.keys()
        for param in wanted:
            if param in known:
                _hand_over_one(donor, new, param)
    return new


def _hand_over_one(old: Optimizer, new: Optimizer, param: Parameter) -> None:
    before, after = _group_of(old, param), _group_of(new, param)
    state = old.state[param]
    alike = old.rule == new.rule and all(
        before[name] == after[name] for name in new.hyper_parameters() if name != "lr"
    )
    carried = state.copy() if alike else transfer_state(old.rule, before, new.rule, after, state)
    if carried is not None:
        new.state[param] = carried


def _group_of(optimizer: Optimizer, param: Parameter) -> Group:
    groups = optimizer.param_groups
    return next(group for group in groups if any(each is param for each in group["params"]))
