"""State dictionaries of optimizers: written, and checked before they are loaded.

Nothing here changes an optimizer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from ..ops.base import Array
from ..tensor import Parameter
from .groups import Group, as_immutable
from .state import ParameterState


class Stateful(Protocol):
    """The part of an optimizer that its state dictionary depends on."""

    rule: ClassVar[str]
    slots: ClassVar[tuple[str, ...]]
    optional_slots: ClassVar[tuple[str, ...]]
    param_groups: list[Group]
    state: dict[Parameter, ParameterState]

    def parameters(self) -> list[Parameter]:
        """Return all parameters, group by group."""
        ...

    def validate_group(self, group: Mapping[str, Any]) -> list[str]:
        """List what is wrong with a group's hyper-parameters."""
        ...


def dump_state(optimizer: Stateful) -> dict[str, Any]:
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
        "state": [_dump_parameter(state) if state else None for state in states],
    }


def _dump_parameter(state: ParameterState) -> dict[str, Any]:
    copied = state.copy()
    return {"step": copied.step, "slots": copied.slots}


def validate_state(optimizer: Stateful, values: Any) -> list[str]:
    """List everything in a state dictionary that does not fit the optimizer."""
    if not isinstance(values, dict):
        return [f"a state is a dict, but was given {type(values).__name__}"]
    if set(values) != {"rule", "param_groups", "state"}:
        return [f"a state has the keys rule, param_groups and state, but was given {list(values)}"]
    if values["rule"] != optimizer.rule:
        return [f"it is the state of {values['rule']!r}, and this is {optimizer.rule!r}"]
    return _validate_groups(optimizer, values["param_groups"]) + _validate_states(
        optimizer, values["state"]
    )


def _validate_groups(optimizer: Stateful, groups: Any) -> list[str]:
    if not isinstance(groups, Sequence) or len(groups) != len(optimizer.param_groups):
        count = len(groups) if isinstance(groups, Sequence) else type(groups).__name__
        return [f"it has {count} groups, and this optimizer {len(optimizer.param_groups)}"]
    problems = []
    for index, (group, present) in enumerate(zip(groups, optimizer.param_groups, strict=True)):
        if not isinstance(group, dict):
            problems.append(f"group {index} is {type(group).__name__}, not a dict")
            continue
        size = len(present["params"])
        if group.get("params") != size:
            problems.append(f"group {index} has {group.get('params')!r} parameters, here {size}")
        problems += [f"group {index}: {text}" for text in optimizer.validate_group(group)]
    return problems


def _validate_states(optimizer: Stateful, states: Any) -> list[str]:
    params = optimizer.parameters()
    if not isinstance(states, Sequence) or len(states) != len(params):
        count = len(states) if isinstance(states, Sequence) else type(states).__name__
        return [f"it has the state of {count} parameters, and this optimizer {len(params)}"]
    problems = []
    for index, (state, param) in enumerate(zip(states, params, strict=True)):
        if state is not None:
            texts = _validate_parameter(optimizer, state, param.memory())
            problems += [f"parameter {index}: {text}" for text in texts]
    return problems


def _validate_parameter(optimizer: Stateful, state: Any, param: Array) -> list[str]:
    if not isinstance(state, dict) or set(state) != {"step", "slots"}:
        return ["a parameter's state is a dict of step and slots"]
    step, slots = state["step"], state["slots"]
    problems = []
    if not isinstance(step, int | np.integer) or isinstance(step, bool) or step < 0:
        problems.append(f"step must be an integer, 0 or more, but is {step!r}")
    if not isinstance(slots, dict):
        return [*problems, f"slots must be a dict, but is {type(slots).__name__}"]
    for name in optimizer.slots:
        if name not in optimizer.optional_slots and name not in slots:
            problems.append(f"{name} is missing")
    for name, array in slots.items():
        problems += _validate_slot(optimizer, name, array, param)
    return problems


def _validate_slot(optimizer: Stateful, name: str, array: Any, param: Array) -> list[str]:
    if name not in optimizer.slots:
        return [f"{name} is not a slot of {optimizer.rule!r}"]
    if not isinstance(array, np.ndarray):
        return [f"{name} must be an array, but is {type(array).__name__}"]
    if (array.shape, array.dtype) != (param.shape, param.dtype):
        expected, actual = f"{param.dtype} {param.shape}", f"{array.dtype} {array.shape}"
        return [f"{name} must be {expected}, but is {actual}"]
    return []
