"""Transfer of optimizer state to an optimizer that replaces others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from ..errors import CoreError
from ..tensor import Parameter, as_tensor_list
from .groups import Group
from .optimizer import Optimizer
from .state_transfer import transfer_state

New = TypeVar("New", bound=Optimizer)


def transfer_optimizer(
    old: Optimizer | Iterable[Optimizer], new: New, params: Iterable[Parameter] | None = None
) -> New:
    """Copy the state of old optimizers to a new one, converted where needed; returns the new one.

    Between optimizers of the same rule and settings the state is copied, else `transfer_state`
    converts it. A parameter whose state cannot be converted starts with a new state. The old
    optimizers are not changed.

    Parameters
    ----------
    old : one optimizer, or several
    new : the optimizer that gets the state
    params : parameters whose state is transferred; default: all parameters of ``new``

    Raises
    ------
    CoreError : a parameter is not in ``new``
    """
    sources = [old] if isinstance(old, Optimizer) else list(old)
    present = new.parameters()
    chosen = (
        present if params is None else as_tensor_list(params, Parameter, "expected a Parameter")
    )
    if not {*chosen} <= {*present}:
        raise CoreError(f"{new.rule} does not have all of the parameters whose state it is to take")
    for source in sources:
        known = {*source.parameters()} & source.state.keys()
        for param in chosen:
            if param in known:
                _transfer_parameter(source, new, param)
    return new


def _transfer_parameter(old: Optimizer, new: Optimizer, param: Parameter) -> None:
    before, after = _group_of(old, param), _group_of(new, param)
    state = old.state[param]
    same = old.rule == new.rule and all(
        before[name] == after[name] for name in new.hyper_parameters() if name != "lr"
    )
    copied = state.copy() if same else transfer_state(old.rule, before, new.rule, after, state)
    if copied is not None:
        new.state[param] = copied


def _group_of(optimizer: Optimizer, param: Parameter) -> Group:
    groups = optimizer.param_groups
    return next(group for group in groups if any(member is param for member in group["params"]))
