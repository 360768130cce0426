"""Optimizers by name: making them and reading their settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np

from tuitrain.commands import Setting, setting_text
from tuitrain.errors import RefusedError, did_you_mean
from tuitrain_core import Parameter, tensor
from tuitrain_core.errors import CoreError
from tuitrain_core.optimizer import OPTIMIZERS, Optimizer

from ..views import OptimizerChoice


def make_optimizer(
    rule: str, parameters: Iterable[Parameter], settings: Mapping[str, Setting]
) -> Optimizer:
    """Make an optimizer by name.

    Raises
    ------
    RefusedError : the name or a setting is unknown, or a value out of range
    """
    kind = OPTIMIZERS.get(rule)
    if kind is None:
        raise RefusedError(
            f"unknown optimizer {rule!r}{did_you_mean(rule, OPTIMIZERS)} "
            f"(known: {', '.join(OPTIMIZERS)})"
        )
    allowed = kind.hyper_parameters()
    for key in settings:
        if key not in allowed:
            raise RefusedError(
                f"{rule} has no setting {key!r}{did_you_mean(key, allowed)} "
                f"(it has {', '.join(allowed)})"
            )
    arguments: dict[str, Any] = dict(settings)
    if "lr" not in arguments and "lr" not in kind.defaults():
        raise RefusedError(f"{rule} needs a learning rate: lr=VALUE")
    try:
        return kind(list(parameters), **arguments)
    except CoreError as error:
        raise RefusedError(str(error)) from None


def settings_of(optimizer: Optimizer) -> dict[str, Setting]:
    """Return the optimizer's hyper-parameters besides lr."""
    values = optimizer.param_groups[0]
    return {key: values[key] for key in optimizer.hyper_parameters() if key != "lr"}


def settings_text(optimizer: Optimizer) -> str:
    """Return the settings that differ from the optimizer's defaults, as ``momentum=0.9``."""
    defaults = _defaults(type(optimizer))
    return " ".join(
        f"{key}={setting_text(value)}"
        for key, value in settings_of(optimizer).items()
        if value != defaults.get(key)
    )


@cache
def _defaults(kind: type[Optimizer]) -> Mapping[str, Any]:
    """Return a rule's defaults, cached: reading them from its signature takes 50 µs."""
    return kind.defaults()


@cache
def optimizer_choices() -> tuple[OptimizerChoice, ...]:
    """List the optimizers, with their settings' defaults as text."""
    return tuple(
        OptimizerChoice(
            name,
            tuple(
                (key, setting_text(value))
                for key, value in kind.defaults().items()
                if key != "lr"  # a group keeps its own
            ),
        )
        for name, kind in OPTIMIZERS.items()
    )


def compile_optimizers() -> None:
    """Make one update with every optimizer, so that no swap waits for the compiler."""
    for name in OPTIMIZERS:
        parameter = Parameter(np.ones(3, np.float32))
        parameter.grad = tensor(np.ones(3, np.float32))
        make_optimizer(name, [parameter], {"lr": 0.1}).step()
