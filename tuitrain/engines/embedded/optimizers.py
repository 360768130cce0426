"""Optimizers by name: making them and reading their settings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from tuitrain.commands import Setting, setting_text
from tuitrain.errors import RefusedError, did_you_mean
from tuitrain_core import Parameter, tensor
from tuitrain_core.errors import CoreError
from tuitrain_core.module import Module
from tuitrain_core.optimizer import (
    OPTIMIZERS,
    Optimizer,
    ParameterState,
    UpdateStatistics,
    default_policy,
    transfer_optimizer,
)

from ..factory import GroupSpec
from ..grouping.group_simulator import TableSimulator
from ..grouping.groups import Group, GroupTable
from ..grouping.rules import Policy, check_shaped_slots
from ..state import Array
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


class CoreRules:
    """The core's update rules; see `OptimizerRules`."""

    names: Collection[str] = OPTIMIZERS

    def make(
        self, rule: str, parameters: Iterable[Parameter], settings: Mapping[str, Setting]
    ) -> Optimizer:
        """Make an optimizer without state."""
        return make_optimizer(rule, parameters, settings)

    def check_slots(self, rule: str, slots: Mapping[str, Array], parameter: Array) -> Iterable[str]:
        """Yield what is wrong with a parameter's state."""
        kind = OPTIMIZERS[rule]
        expected = {slot: slot not in kind.optional_slots for slot in kind.slots}
        return check_shaped_slots(rule, expected, slots, parameter)

    def settings(self, optimizer: Optimizer) -> dict[str, Setting]:
        """Return the optimizer's hyper-parameters besides lr."""
        return settings_of(optimizer)

    def settings_text(self, optimizer: Optimizer) -> str:
        """Return the settings that differ from the defaults."""
        return settings_text(optimizer)

    def defaults(self, rule: str) -> Mapping[str, Any]:
        """Return the defaults of a rule's hyper-parameters."""
        return OPTIMIZERS[rule].defaults()

    def choices(self) -> tuple[OptimizerChoice, ...]:
        """List the rules with their settings' defaults."""
        return optimizer_choices()

    def default_policy(self, old: str, new: str) -> Policy:
        """Return what a swap does with the state by default."""
        return default_policy(old, new)

    def transfer(self, old: Optimizer, new: Optimizer, parameters: Sequence[Parameter]) -> None:
        """Copy the state of parameters to another optimizer."""
        transfer_optimizer(old, new, parameters)

    def reset(self, optimizer: Optimizer, parameter: Parameter) -> None:
        """Drop the state of a parameter."""
        optimizer.state.pop(parameter, None)

    def state_of(self, optimizer: Optimizer, parameter: Parameter) -> ParameterState | None:
        """Return the state of a parameter, or None."""
        return optimizer.state.get(parameter)

    def sizes_of(self, optimizer: Optimizer, parameter: Parameter) -> UpdateStatistics | None:
        """Return what the last update of a parameter did, or None."""
        return optimizer.statistics.get(parameter)


CoreGroup: TypeAlias = Group[Optimizer]
CoreTable: TypeAlias = GroupTable[Parameter, Optimizer]
CoreSimulator: TypeAlias = TableSimulator[Parameter, Optimizer]


def make_table(
    parameters: Mapping[str, Parameter],
    specs: Sequence[GroupSpec],
    aliases: Mapping[str, tuple[str, ...]],
) -> CoreTable:
    """Make the groups of a module's parameters; see `GroupTable`."""
    return GroupTable(CoreRules(), parameters, specs, aliases)


class CoreArrays:
    """A module's parameters as arrays; see `ParameterArrays`."""

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        self._parameters = parameters

    @property
    def names(self) -> Collection[str]:
        """The names of the parameters."""
        return self._parameters

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a parameter."""
        return self._parameters[name].shape

    def value(self, name: str) -> Array:
        """Return the live memory of a parameter."""
        return self._parameters[name].memory()

    def gradient(self, name: str) -> Array | None:
        """Return the live memory of a gradient, or None."""
        grad = self._parameters[name].grad
        return None if grad is None else grad.memory()

    def drop_gradient(self, name: str) -> None:
        """Drop the gradient of a parameter."""
        self._parameters[name].grad = None


def simulate_groups(
    model: Module, specs: Sequence[GroupSpec], steps_per_epoch: int
) -> CoreSimulator:
    """Make groups that follow commands without training; see `EngineFactory.simulate_groups`."""
    parameters = dict(model.named_parameters())
    table = make_table(parameters, specs, model.aliases())
    return TableSimulator(table, CoreArrays(parameters), specs, steps_per_epoch)
