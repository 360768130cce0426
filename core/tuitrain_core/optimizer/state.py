"""What an optimizer remembers of its parameters, and its way in and out of plain dictionaries.

Owns the shape of a state dictionary and the check that one fits. It never changes an optimizer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import aligned
from ..ops.base import Array
from .groups import as_immutable

if TYPE_CHECKING:
    from .optimizer import Optimizer


@dataclass(slots=True, eq=False)
class ParameterState:
    """What one parameter's updates have left behind.

    Attributes
    ----------
    step : number of updates so far
    slots : arrays of the parameter's shape and dtype, by the name of what they hold
    """

    step: int = 0
    slots: dict[str, Array] = field(default_factory=dict)

    def slot(self, name: str, like: Array) -> Array:
        """Return an array flat, making it of zeros on first use."""
        array = self.slots.get(name)
        if array is None:
            array = self.slots[name] = aligned.zeros(like.shape, like.dtype)
        return array.reshape(-1)

    def copy(self) -> ParameterState:
        """Return a state that shares no array with this one."""
        return ParameterState(self.step, {name: each.copy() for name, each in self.slots.items()})


def dump_state(optimizer: Optimizer) -> dict[str, Any]:
    """Copy an optimizer's hyper-parameters and state into plain dictionaries, lists and arrays."""
    groups = [
        {name: as_immutable(value) for name, value in group.items() if name != "params"}
        | {"params": len(group["params"])}
        for group in optimizer.param_groups
    ]
    states = [optimizer.state.get(param) for param in optimizer.parameters()]
    return {
        "rule": optimizer.rule,
        "param_groups": groups,
        "state": [_dump_state(state) if state else None for state in states],
    }


def _dump_state(state: ParameterState) -> dict[str, Any]:
    copied = state.copy()
    return {"step": copied.step, "slots": copied.slots}


def validate_state(optimizer: Optimizer, given: Any) -> list[str]:
    """List everything about ``given`` that does not fit the optimizer; an empty list is a fit."""
    if not isinstance(given, dict):
        return [f"a state is a dict, but was given {type(given).__name__}"]
    if set(given) != {"rule", "param_groups", "state"}:
        return [f"a state has the keys rule, param_groups and state, but was given {list(given)}"]
    if given["rule"] != optimizer.rule:
        return [f"it is the state of {given['rule']!r}, and this is {optimizer.rule!r}"]
    return _group_offences(optimizer, given["param_groups"]) + _state_offences(
        optimizer, given["state"]
    )


def _group_offences(optimizer: Optimizer, groups: Any) -> list[str]:
    if not isinstance(groups, Sequence) or len(groups) != len(optimizer.param_groups):
        count = len(groups) if isinstance(groups, Sequence) else type(groups).__name__
        return [f"it has {count} groups, and this optimizer {len(optimizer.param_groups)}"]
    found = []
    for index, (group, ours) in enumerate(zip(groups, optimizer.param_groups, strict=True)):
        if not isinstance(group, dict):
            found.append(f"group {index} is {type(group).__name__}, not a dict")
            continue
        if group.get("params") != len(ours["params"]):
            found.append(
                f"group {index} has {group.get('params')!r} parameters, here {len(ours['params'])}"
            )
        found += [f"group {index}: {text}" for text in optimizer.validate_group(group)]
    return found


def _state_offences(optimizer: Optimizer, states: Any) -> list[str]:
    params = optimizer.parameters()
    if not isinstance(states, Sequence) or len(states) != len(params):
        count = len(states) if isinstance(states, Sequence) else type(states).__name__
        return [f"it has the state of {count} parameters, and this optimizer {len(params)}"]
    found = []
    for index, (state, param) in enumerate(zip(states, params, strict=True)):
        texts = _one_state_offences(optimizer, state, param.numpy()) if state is not None else []
        found += [f"parameter {index}: {text}" for text in texts]
    return found


def _one_state_offences(optimizer: Optimizer, state: Any, param: Array) -> list[str]:
    if not isinstance(state, dict) or set(state) != {"step", "slots"}:
        return ["a parameter's state is a dict of step and slots"]
    step, slots = state["step"], state["slots"]
    found = []
    if not isinstance(step, int | np.integer) or isinstance(step, bool) or step < 0:
        found.append(f"step must be an integer, 0 or more, but is {step!r}")
    if not isinstance(slots, dict):
        return [*found, f"slots must be a dict, but is {type(slots).__name__}"]
    missing = [n for n in optimizer.slots if n not in optimizer.optional_slots and n not in slots]
    found += [f"{name} is missing" for name in missing]
    for name, array in slots.items():
        if name not in optimizer.slots:
            found.append(f"{name} is not a slot of {optimizer.rule!r}")
        elif not isinstance(array, np.ndarray):
            found.append(f"{name} must be an array, but is {type(array).__name__}")
        elif (array.shape, array.dtype) != (param.shape, param.dtype):
            found.append(
                f"{name} must be {param.dtype} {param.shape}, but is {array.dtype} {array.shape}"
            )
    return found
