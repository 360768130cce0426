"""Optimizer: parameters in groups, each group with its hyper-parameters, and the update step.

Owns the groups and the state of each parameter. What the update does is the subclass's matter: one
file and one row in `registry` for each rule.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from ..errors import CoreError, StateError
from ..ops.base import Array
from ..tensor import Parameter, Tensor, as_tensor_list
from . import groups
from . import state as states
from .constraints import Constraint
from .groups import Group, Params
from .state import ParameterState
from .statistics import UpdateStatistics
from .update_call import UpdateCall


class Optimizer:
    """Base of the update rules.

    Parameters
    ----------
    params : a Parameter, an iterable of them, or of dicts ``{'params': [...], 'lr': ...}``
    defaults : every hyper-parameter of the rule, for groups that do not name their own

    Attributes
    ----------
    param_groups : list of dicts
        Each holds ``params`` and every hyper-parameter. Edit the values in place at any time:
        they are read, and checked, at every `step`.
    state : dict of Parameter to ParameterState
        Made at a parameter's first update.
    statistics : dict of Parameter to UpdateStatistics
        Of the last `step`; a parameter that it skipped is not in there.

    Raises
    ------
    CoreError : no parameters, one in two groups, an unknown hyper-parameter or a value that is
        not allowed
    """

    rule: ClassVar[str]
    constraints: ClassVar[Mapping[str, Constraint]]
    slots: ClassVar[tuple[str, ...]] = ()
    optional_slots: ClassVar[tuple[str, ...]] = ()
    depends_on_step: ClassVar[bool] = False
    """Whether an update depends on how many there were before, besides the slots."""

    def __init__(self, params: Params, defaults: Mapping[str, Any]) -> None:
        self.param_groups: list[Group] = []
        self.state: dict[Parameter, ParameterState] = {}
        self.statistics: Mapping[Parameter, UpdateStatistics] = {}
        self._defaults = dict(defaults)
        for group in groups.as_groups(params):
            self.add_param_group(group)
        if not self.param_groups:
            raise CoreError(f"{self.rule} needs at least one parameter, but was given none")

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Return the hyper-parameters that have a default, and their defaults."""
        given = inspect.signature(cls).parameters
        return {
            name: given[name].default
            for name in cls.constraints
            if given[name].default is not inspect.Parameter.empty
        }

    @classmethod
    def hyper_parameters(cls) -> tuple[str, ...]:
        """Return the names of all hyper-parameters, ``lr`` first."""
        return tuple(cls.constraints)

    @property
    def lr(self) -> float:
        """The learning rate that all groups have; set, it is given to all.

        Raises
        ------
        CoreError : read while groups have different ones: those are in ``param_groups``
        """
        rates = list(dict.fromkeys(group["lr"] for group in self.param_groups))
        if len(rates) > 1:
            raise CoreError(
                f"{self.rule} has groups with different learning rates: "
                f"{', '.join(map(repr, rates))}; read them from param_groups"
            )
        return rates[0]

    @lr.setter
    def lr(self, value: float) -> None:
        for group in self.param_groups:
            group["lr"] = value

    def parameters(self) -> list[Parameter]:
        """Return all parameters, group by group."""
        return [param for group in self.param_groups for param in group["params"]]

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Add a group; hyper-parameters that it does not name are those of the constructor.

        Parameters
        ----------
        group : ``params`` (a Parameter or an iterable of them) and any hyper-parameters; copied

        Raises
        ------
        CoreError : as the constructor; the optimizer is then as it was
        """
        where = f"{self.rule}, group {len(self.param_groups)}"
        if not isinstance(group, Mapping):
            raise CoreError(f"{where}: a group is a dict, but was given {type(group).__name__}")
        if "params" not in group:
            raise CoreError(f"{where}: a group needs 'params', but has only {list(group)}")
        params = groups.check_params(group["params"], where)
        own = {id(param) for param in self.parameters()}
        if any(id(param) in own for param in params):
            raise CoreError(f"{where}: a parameter is in two groups; it belongs in exactly one")
        given = {**self._defaults, **{k: group[k] for k in group if k != "params"}}
        added = {
            "params": params,
            **{name: groups.as_immutable(value) for name, value in given.items()},
        }
        found = self.validate_group(added)
        if found:
            raise CoreError(f"{where}: {'; '.join(found)}")
        self.param_groups.append(added)

    def validate_group(self, group: Mapping[str, Any]) -> list[str]:
        """List what is wrong with a group's hyper-parameters: unknown, missing, not allowed."""
        return groups.validate_hyper_parameters(group, self.constraints) or self._joint_offences(
            group
        )

    def check(self) -> None:
        """Check hyper-parameters and gradients, as `step` does before it writes anything.

        Raises
        ------
        CoreError : a value was edited to something that is not allowed, or a gradient is no tensor
        ShapeError : a gradient has another shape than its parameter
        """
        for index, group in enumerate(self.param_groups):
            found = self.validate_group(group)
            if found:
                raise CoreError(f"{self.rule}, group {index}: {'; '.join(found)}")
        for param in self.parameters():
            groups.check_arrays(param)

    def step(self) -> Self:
        """Update every parameter that has a gradient; returns the optimizer itself.

        A parameter whose ``grad`` is None is skipped entirely: weights, decay, state and step
        counter stay as they are. At ``lr`` 0 the weights stay bit for bit, whatever the gradient,
        while state and step counter go on.

        Raises
        ------
        CoreError : a hyper-parameter is not allowed
        ShapeError : a gradient has another shape than its parameter; in both cases nothing was
            written
        """
        self.check()
        self.statistics = measured = {}
        # A number too large for a parameter's dtype shows in the weights, not as a warning that
        # would be written across a screen.
        with np.errstate(all="ignore"):
            for group in self.param_groups:
                for param in group["params"]:
                    if param.grad is not None:
                        measured[param] = self._step_one(param, param.grad, group)
        return self

    def clear_grad(self) -> Self:
        """Set the gradient of every parameter to None; returns the optimizer itself."""
        for param in self.parameters():
            param.grad = None
        return self

    def remove(self, params: Parameter | Iterable[Parameter]) -> Self:
        """Take parameters out of their groups, and forget them; those that it has not are ignored.

        Raises
        ------
        CoreError : a group would be left empty, or something is not a Parameter; nothing is changed
            then

        Returns
        -------
        The optimizer itself.
        """
        gone = {id(each) for each in as_tensor_list(params, Parameter, "expected a Parameter")}
        left = [[p for p in group["params"] if id(p) not in gone] for group in self.param_groups]
        if not all(left):
            raise CoreError(
                f"{self.rule}, group {left.index([])}: no parameter would be left in it"
            )
        self.state = {param: each for param, each in self.state.items() if id(param) not in gone}
        for group, params_left in zip(self.param_groups, left, strict=True):
            group["params"] = params_left
        return self

    def clone_for(self, params: Parameter | Iterable[Parameter]) -> Self:
        """Make an optimizer of the same rule and hyper-parameters that remembers nothing.

        Parameters
        ----------
        params : what the new one is for

        Raises
        ------
        CoreError : this one has several groups, so that there is not one set of hyper-parameters
        """
        if len(self.param_groups) > 1:
            raise CoreError(f"{self.rule} has {len(self.param_groups)} groups; alike to which?")
        hyper = {name: self.param_groups[0][name] for name in self.constraints}
        return type(self)(params, **hyper)

    def reset_state(self, params: Parameter | Iterable[Parameter] | None = None) -> Self:
        """Drop what is remembered of parameters; they begin anew at their next update.

        Parameters
        ----------
        params : whose state goes; default: that of all

        Returns
        -------
        The optimizer itself.
        """
        every = self.parameters() if params is None else params
        for param in as_tensor_list(every, Parameter, "expected a Parameter"):
            self.state.pop(param, None)
        return self

    def state_dict(self) -> dict[str, Any]:
        """Copy hyper-parameters and state into plain dicts, lists, numbers and NumPy arrays.

        Returns
        -------
        ``{'rule': name, 'param_groups': [...], 'state': [...]}``; a group's ``params`` is how many
        it has, and ``state`` has, for each parameter in order, None or ``{'step', 'slots'}``.
        """
        return states.dump_state(self)

    def load_state_dict(self, given: Mapping[str, Any]) -> None:
        """Take over hyper-parameters and state from `state_dict`, copying the arrays.

        Raises
        ------
        StateError : something does not fit; all of it is listed, and nothing was changed
        """
        found = self.validate_state(given)
        if found:
            raise StateError(f"this state does not fit {self.rule!r}: " + "; ".join(found))
        for group, loaded in zip(self.param_groups, given["param_groups"], strict=True):
            group.update({name: groups.as_immutable(loaded[name]) for name in self.constraints})
        self.state = {
            param: ParameterState(int(loaded["step"]), loaded["slots"]).copy()
            for param, loaded in zip(self.parameters(), given["state"], strict=True)
            if loaded is not None
        }

    def validate_state(self, given: Any) -> list[str]:
        """List everything in a state dictionary that does not fit this optimizer."""
        return states.validate_state(self, given)

    def prepare_update(self, param: Array, state: ParameterState, group: Group) -> UpdateCall:
        """Say how the rule updates one parameter.

        Parameters
        ----------
        param : the parameter's memory, in its shape
        state : with ``step`` already counting this update; slots that the rule uses are made, and
            those that it uses no longer are dropped
        group : its hyper-parameters
        """
        raise NotImplementedError

    def _step_one(self, param: Parameter, grad: Tensor, group: Group) -> UpdateStatistics:
        weights = param.numpy()
        flat = np.ascontiguousarray(grad.numpy(), dtype=param.dtype).reshape(-1)
        state = self.state.setdefault(param, ParameterState())
        state.step += 1
        sums = self.prepare_update(weights, state, group).apply(weights.reshape(-1), flat)
        return UpdateStatistics(*map(math.sqrt, sums))

    def _joint_offences(self, group: Mapping[str, Any]) -> list[str]:  # noqa: ARG002
        """List which values, each allowed, do not go together."""
        return []
