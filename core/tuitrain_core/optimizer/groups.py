"""Parameter groups: conversion of the constructor's argument, and validation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from ..errors import CoreError, ShapeError, describe_unknown
from ..tensor import Parameter, Tensor, as_tensor_list
from .constraints import Constraint

Group: TypeAlias = dict[str, Any]
OTHER_HYPER_PARAMETERS = frozenset(
    (
        *("momentum", "nesterov", "weight_decay", "betas", "eps", "rho", "alpha", "lr_decay"),
        *("bias_correction", "always_adapt", "centered"),
    )
)
"""Names of the hyper-parameters of all rules."""

Params: TypeAlias = Parameter | Iterable[Parameter] | Iterable[Group]


def as_groups(params: Params) -> list[Mapping[str, Any]]:
    """Return groups from one parameter, an iterable of parameters, or one of groups."""
    single = isinstance(params, Tensor | Mapping) or not isinstance(params, Iterable)
    items: list[Any] = [params] if single else list(params)
    if items and all(isinstance(item, Mapping) for item in items):
        return items
    return [{"params": items}] if items else []


def as_immutable(value: Any) -> Any:
    """Return a hyper-parameter that no other object can change: a list of betas as a tuple."""
    return tuple(value) if isinstance(value, list) else value


def check_params(params: Any, where: str) -> list[Parameter]:
    """Return a group's parameters as a list.

    Raises
    ------
    CoreError : there is no parameter, a value is not a Parameter, a parameter is listed twice, or
        its dtype is not floating; the message begins with ``where``
    """
    listed = as_tensor_list(params, Parameter, f"{where}: expected a Parameter")
    if not listed:
        raise CoreError(f"{where}: a group needs at least one parameter, but has none")
    for param in listed:
        if param.dtype not in (np.float32, np.float64):
            raise CoreError(f"{where}: parameters are float32 or float64, but one is {param.dtype}")
    if len({id(param) for param in listed}) != len(listed):
        raise CoreError(f"{where}: a parameter is listed twice")
    return listed


def check_arrays(param: Parameter) -> None:
    """Check that a parameter can be updated in place with its gradient.

    Raises
    ------
    ShapeError : the gradient has another shape
    CoreError : its memory is not contiguous, or the gradient is not a tensor
    """
    if param.grad is not None and not isinstance(param.grad, Tensor):
        raise CoreError(f"a gradient is a Tensor, but a parameter has {type(param.grad).__name__}")
    if param.grad is not None and param.grad.shape != param.shape:
        raise ShapeError(f"a parameter of shape {param.shape} has a gradient of {param.grad.shape}")
    if not param.memory().flags.c_contiguous:  # a flat copy would be updated
        raise CoreError(f"a parameter of shape {param.shape} has memory that is not contiguous")


def validate_hyper_parameters(
    group: Mapping[str, Any], constraints: Mapping[str, Constraint]
) -> list[str]:
    """List the hyper-parameters that are unknown, missing or not allowed.

    Other keys, such as a group's name, are kept; those that are hyper-parameters of another rule,
    or nearly one of this rule, are unknown.
    """
    unknown = [
        name
        for name in group
        if name != "params" and name not in constraints and _is_mistake(name, tuple(constraints))
    ]
    problems = [describe_unknown(name, constraints) for name in unknown]
    for name, constraint in constraints.items():
        if name not in group:
            problems.append(f"{name} is missing; it must be {constraint.description}")
        elif not constraint.accepts(group[name]):
            problems.append(f"{name} must be {constraint.description}, but is {group[name]!r}")
    return problems


@lru_cache(1024)  # asked in every step
def _is_mistake(name: Any, constraints: tuple[str, ...]) -> bool:
    near = get_close_matches(str(name), constraints, n=1)
    return name in OTHER_HYPER_PARAMETERS or bool(near and abs(len(near[0]) - len(str(name))) <= 2)
