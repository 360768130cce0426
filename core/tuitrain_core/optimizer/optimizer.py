"""Optimizer: parameters in groups with hyper-parameters, their state, and the update step.

Each update rule is a subclass: one file, and one entry in `registry`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from ..errors import CoreError, StateError
from ..ops.base import Array
from ..tensor import Parameter, Tensor, as_tensor_list
from . import groups, state_dict
from .constraints import Constraint
from .groups import Group, Params
from .state import ParameterState
from .update_call import UpdateCall, UpdateStatistics


class Optimizer:
    """Base class of the update rules.

    Parameters
    ----------
    params : a Parameter, an iterable of them, or of dicts ``{'params': [...], 'lr': ...}``
    defaults : values of all hyper-parameters, for groups that do not set their own

    Attributes
    ----------
    param_groups : list of dicts
        Each has ``params`` and every hyper-parameter. The values may be edited in place at any
        time: every `step` reads and checks them.
    state : dict of Parameter to ParameterState
        Created at a parameter's first update.
    statistics : dict of Parameter to UpdateStatistics
        Of the last `step`, for the parameters that it updated.

    Raises
    ------
    CoreError : there are no parameters, a parameter is in two groups, a hyper-parameter is
        unknown, or a value is not allowed
    """

    rule: ClassVar[str]
    constraints: ClassVar[Mapping[str, Constraint]]
    slots: ClassVar[tuple[str, ...]] = ()
    optional_slots: ClassVar[tuple[str, ...]] = ()
    depends_on_step: ClassVar[bool] = False
    """Whether an update depends on the number of updates before it as well as on the slots."""

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
        arguments = inspect.signature(cls).parameters
        return {
            name: arguments[name].default
            for name in cls.constraints
            if arguments[name].default is not inspect.Parameter.empty
        }

    @classmethod
    def hyper_parameters(cls) -> tuple[str, ...]:
        """Return the names of all hyper-parameters, ``lr`` first."""
        return tuple(cls.constraints)

    @property
    def lr(self) -> float:
        """The learning rate of all groups; setting it sets that of every group.

        Raises
        ------
        CoreError : on reading, if the groups have different learning rates
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
        """Add a group; it takes the hyper-parameters that it does not set from the constructor.

        Parameters
        ----------
        group : ``params`` (a Parameter or an iterable of them), any hyper-parameters, and keys of
            the user's; copied

        Raises
        ------
        CoreError : as for the constructor; the optimizer is unchanged
        """
        where = f"{self.rule}, group {len(self.param_groups)}"
        if not isinstance(group, Mapping):
            raise CoreError(f"{where}: a group is a dict, but was given {type(group).__name__}")
        if "params" not in group:
            raise CoreError(f"{where}: a group needs 'params', but has only {list(group)}")
        params = groups.check_params(group["params"], where)
        present = {id(param) for param in self.parameters()}
        if any(id(param) in present for param in params):
            raise CoreError(f"{where}: a parameter is in two groups; it belongs in exactly one")
        values = {**self._defaults, **{k: group[k] for k in group if k != "params"}}
        added = {
            "params": params,
            **{name: groups.as_immutable(value) for name, value in values.items()},
        }
        problems = self.validate_group(added)
        if problems:
            raise CoreError(f"{where}: {'; '.join(problems)}")
        self.param_groups.append(added)

    def validate_group(self, group: Mapping[str, Any]) -> list[str]:
        """List what is wrong with a group's hyper-parameters: unknown, missing, not allowed."""
        problems = groups.validate_hyper_parameters(group, self.constraints)
        return problems or self._validate_together(group)

    def check(self) -> None:
        """Check hyper-parameters and gradients, as `step` does before it writes anything.

        Raises
        ------
        CoreError : a value is not allowed, or a gradient is not a tensor
        ShapeError : a gradient has another shape than its parameter
        """
        for index, group in enumerate(self.param_groups):
            problems = self.validate_group(group)
            if problems:
                raise CoreError(f"{self.rule}, group {index}: {'; '.join(problems)}")
        for param in self.parameters():
            groups.check_arrays(param)

    def step(self) -> Self:
        """Update every parameter that has a gradient; returns the optimizer itself.

        A parameter whose ``grad`` is None is skipped: its weights, state and step counter keep
        their values. At ``lr`` 0 the weights keep their bits, whatever the gradient is; state and
        step counter are updated.

        Raises
        ------
        CoreError : a hyper-parameter is not allowed; nothing was written
        ShapeError : a gradient has another shape than its parameter; nothing was written
        """
        self.check()
        self.statistics = measured = {}
        # A number beyond a parameter's dtype shows in the weights. A warning would be printed over
        # the screen.
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

    def zero_grad(self) -> Self:
        """Set the gradients to 0; those that are None stay None; returns the optimizer itself."""
        for param in self.parameters():
            if param.grad is not None:
                param.grad.reset_zero()
        return self

    def remove(self, params: Parameter | Iterable[Parameter]) -> Self:
        """Remove parameters and their state; parameters of other optimizers are ignored.

        Raises
        ------
        CoreError : a group would become empty, or a value is not a Parameter; nothing was changed

        Returns
        -------
        The optimizer itself.
        """
        removed = {id(p) for p in as_tensor_list(params, Parameter, "expected a Parameter")}
        kept = [[p for p in group["params"] if id(p) not in removed] for group in self.param_groups]
        if not all(kept):
            raise CoreError(
                f"{self.rule}, group {kept.index([])}: no parameter would be left in it"
            )
        self.state = {p: state for p, state in self.state.items() if id(p) not in removed}
        for group, remaining in zip(self.param_groups, kept, strict=True):
            group["params"] = remaining
        return self

    def clone_for(self, params: Parameter | Iterable[Parameter]) -> Self:
        """Return a new optimizer of the same rule and hyper-parameters, without state.

        Parameters
        ----------
        params : parameters of the new optimizer

        Raises
        ------
        CoreError : this optimizer has several groups, and so several sets of hyper-parameters
        """
        if len(self.param_groups) > 1:
            raise CoreError(
                f"{self.rule} has {len(self.param_groups)} groups; which one is to be cloned?"
            )
        hyper = {name: self.param_groups[0][name] for name in self.constraints}
        return type(self)(params, **hyper)

    def reset_state(self, params: Parameter | Iterable[Parameter] | None = None) -> Self:
        """Drop the state of parameters; their next update starts from a new state.

        Parameters
        ----------
        params : default: all parameters

        Returns
        -------
        The optimizer itself.
        """
        chosen = self.parameters() if params is None else params
        for param in as_tensor_list(chosen, Parameter, "expected a Parameter"):
            self.state.pop(param, None)
        return self

    def state_dict(self) -> dict[str, Any]:
        """Copy hyper-parameters and state into plain dicts, lists, numbers and NumPy arrays.

        Returns
        -------
        ``{'rule': name, 'param_groups': [...], 'state': [...]}``; a group's ``params`` is the
        number of its parameters, and ``state`` has None or ``{'step', 'slots'}`` for each
        parameter in order.
        """
        return state_dict.dump_state(self)

    def load_state_dict(self, values: Mapping[str, Any]) -> None:
        """Load hyper-parameters and state that `state_dict` returned; arrays are copied.

        Raises
        ------
        StateError : lists everything that does not fit; nothing was changed
        """
        problems = self.validate_state(values)
        if problems:
            raise StateError(f"this state does not fit {self.rule!r}: " + "; ".join(problems))
        for group, loaded in zip(self.param_groups, values["param_groups"], strict=True):
            loaded_values = {name: loaded[name] for name in loaded if name != "params"}
            group.update({name: groups.as_immutable(v) for name, v in loaded_values.items()})
        self.state = {
            param: ParameterState(int(loaded["step"]), loaded["slots"]).copy()
            for param, loaded in zip(self.parameters(), values["state"], strict=True)
            if loaded is not None
        }

    def validate_state(self, values: Any) -> list[str]:
        """List everything in a state dictionary that does not fit this optimizer."""
        return state_dict.validate_state(self, values)

    def prepare_update(self, param: Array, state: ParameterState, group: Group) -> UpdateCall:
        """Return the next update of one parameter, and prepare its slots.

        Parameters
        ----------
        param : the parameter's memory, in its shape
        state : its ``step`` already counts this update; missing slots are created, and slots that
            the hyper-parameters have no use for are dropped
        group : the parameter's group
        """
        raise NotImplementedError

    def _step_one(self, param: Parameter, grad: Tensor, group: Group) -> UpdateStatistics:
        weights = param.memory()
        flat = np.ascontiguousarray(grad.memory(), dtype=param.dtype).reshape(-1)
        state = self.state.setdefault(param, ParameterState())
        state.step += 1
        return self.prepare_update(weights, state, group).apply(weights.reshape(-1), flat)

    def _validate_together(self, group: Mapping[str, Any]) -> list[str]:  # noqa: ARG002
        """List the contradictions between hyper-parameters that are allowed separately."""
        return []
