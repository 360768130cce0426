"""Parameter groups: the ways to name them, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np

from ..errors import CoreError, ShapeError, describe_unknown
from ..tensor import Parameter, Tensor, as_tensor_list
from .constraints import Constraint

Group: TypeAlias = dict[str, Any]
Params: TypeAlias = Parameter | Iterable[Parameter] | Iterable[Group]


def as_groups(params: Params) -> list[Mapping[str, Any]]:
    """Turn the three ways to name parameters into groups."""
    single = isinstance(params, Tensor | Mapping) or not isinstance(params, Iterable)
    given: list[Any] = [params] if single else list(params)
    if given and all(isinstance(each, Mapping) for each in given):
        return given
    return [{"params": given}] if given else []


def as_immutable(value: Any) -> Any:
    """Return a hyper-parameter that nobody else holds: a list, as of betas, becomes a tuple."""
    return tuple(value) if isinstance(value, list) else value


def check_params(params: Any, where: str) -> list[Parameter]:
    """Return a group's parameters as a list.

    Raises
    ------
    CoreError : none, something else, one twice, or one that is no float; begins with ``where``
    """
    given = as_tensor_list(params, Parameter, f"{where}: expected a Parameter")
    if not given:
        raise CoreError(f"{where}: a group needs at least one parameter, but has none")
    for each in given:
        if each.dtype not in (np.float32, np.float64):
            raise CoreError(f"{where}: parameters are float32 or float64, but one is {each.dtype}")
    if len({id(each) for each in given}) != len(given):
        raise CoreError(f"{where}: a parameter is listed twice")
    return given


def check_arrays(param: Parameter) -> None:
    """Check that a parameter can be updated in place, with the gradient that it has.

    Raises
    ------
    ShapeError : the gradient has another shape
    CoreError : its memory is not contiguous, or the gradient is no tensor
    """
    if param.grad is not None and not isinstance(param.grad, Tensor):
        raise CoreError(f"a gradient is a Tensor, but a parameter has {type(param.grad).__name__}")
    if param.grad is not None and param.grad.shape != param.shape:
        raise ShapeError(f"a parameter of shape {param.shape} has a gradient of {param.grad.shape}")
    if not param.numpy().flags.c_contiguous:  # flattening would copy: the update would be lost
        raise CoreError(f"a parameter of shape {param.shape} has memory that is not contiguous")


def validate_hyper_parameters(
    group: Mapping[str, Any], limits: Mapping[str, Constraint]
) -> list[str]:
    """List what is wrong with hyper-parameters, each by itself: unknown, missing, not allowed."""
    found = [describe_unknown(k, limits) for k in group if k != "params" and k not in limits]
    for name, limit in limits.items():
        if name not in group:
            found.append(f"{name} is missing; it must be {limit.description}")
        elif not limit.accepts(group[name]):
            found.append(f"{name} must be {limit.description}, but is {group[name]!r}")
    return found
