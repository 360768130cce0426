# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The update rules of `torch.optim` that a group can be given, and those that a script brings."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import torch

from tuitrain.commands import Setting, setting_text
from tuitrain.errors import RefusedError, did_you_mean
from tuitrain_core.optimizer.constraints import (
    FLAG,
    FRACTION,
    NOT_NEGATIVE,
    TWO_FRACTIONS,
    Constraint,
)

from ..views import OptimizerChoice

ANY: Final = Constraint("a number, True or False, or a pair of numbers", lambda _: True)
"""The types of a setting of a script's own rule."""

_BETAS: Final = {"betas": TWO_FRACTIONS, "eps": NOT_NEGATIVE, "weight_decay": NOT_NEGATIVE}
_MOMENTS: Final = {"exp_avg": True, "exp_avg_sq": True}


@dataclass(frozen=True, eq=False)
class Rule:
    """An update rule.

    Attributes
    ----------
    name : in commands and records
    kind : the class, of which an optimizer for any parameters can be made
    constraints : its hyper-parameters besides lr, in the order in which they are shown
    slots : the tensors that it keeps for a parameter, of its shape; True for those that are always
        there. None for a rule of a script, whose state is not known.
    """

    name: str
    kind: type[torch.optim.Optimizer]
    constraints: Mapping[str, Constraint]
    slots: Mapping[str, bool] | None = field(default=None)

    @property
    def defaults(self) -> Mapping[str, Any]:
        """The defaults of the hyper-parameters, ``lr`` first."""
        return _defaults(self)

    def check(self, settings: Mapping[str, Any]) -> None:
        """Check settings of a group.

        Raises
        ------
        RefusedError : one is unknown or out of range
        """
        allowed = ("lr", *self.constraints)
        for key, value in settings.items():
            if key not in allowed:
                raise RefusedError(
                    f"{self.name} has no setting {key!r}{did_you_mean(key, allowed)} "
                    f"(it has {', '.join(allowed)})"
                )
            constraint = NOT_NEGATIVE if key == "lr" else self.constraints[key]
            if not constraint.accepts(value):
                raise RefusedError(
                    f"{self.name}: {key} must be {constraint.description}, but is {value!r}"
                )
        if settings.get("nesterov") and not settings.get("momentum"):
            raise RefusedError(
                f"{self.name}: nesterov needs momentum above 0, but momentum is "
                f"{settings.get('momentum', 0.0)!r}"
            )


@cache
def _defaults(rule: Rule) -> Mapping[str, Any]:
    arguments = inspect.signature(rule.kind).parameters
    return {
        name: _plain(arguments[name].default)
        for name in ("lr", *rule.constraints)
        if name in arguments and arguments[name].default is not inspect.Parameter.empty
    }


def _plain(value: Any) -> Any:
    """Return a hyper-parameter as a plain value: whole numbers as floats, tensors as numbers."""
    if isinstance(value, tuple | list):
        return tuple(map(_plain, value))
    if isinstance(value, torch.Tensor):
        return float(value)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


RULES: Final[Mapping[str, Rule]] = {
    rule.name: rule
    for rule in (
        Rule(
            "sgd",
            torch.optim.SGD,
            {
                "momentum": FRACTION,
                "dampening": NOT_NEGATIVE,
                "nesterov": FLAG,
                "weight_decay": NOT_NEGATIVE,
            },
            {"momentum_buffer": False},
        ),
        Rule(
            "adam",
            torch.optim.Adam,
            {**_BETAS, "amsgrad": FLAG},
            {**_MOMENTS, "max_exp_avg_sq": False},
        ),
        Rule(
            "adamw",
            torch.optim.AdamW,
            {**_BETAS, "amsgrad": FLAG},
            {**_MOMENTS, "max_exp_avg_sq": False},
        ),
        Rule(
            "rmsprop",
            torch.optim.RMSprop,
            {
                "alpha": FRACTION,
                "eps": NOT_NEGATIVE,
                "momentum": FRACTION,
                "centered": FLAG,
                "weight_decay": NOT_NEGATIVE,
            },
            {"square_avg": True, "grad_avg": False, "momentum_buffer": False},
        ),
        Rule(
            "adagrad",
            torch.optim.Adagrad,
            {"lr_decay": NOT_NEGATIVE, "eps": NOT_NEGATIVE, "weight_decay": NOT_NEGATIVE},
            {"sum": True},
        ),
        Rule(
            "adadelta",
            torch.optim.Adadelta,
            {"rho": FRACTION, "eps": NOT_NEGATIVE, "weight_decay": NOT_NEGATIVE},
            {"square_avg": True, "acc_delta": True},
        ),
        Rule("radam", torch.optim.RAdam, {**_BETAS, "decoupled_weight_decay": FLAG}, _MOMENTS),
        Rule("adamax", torch.optim.Adamax, _BETAS, {"exp_avg": True, "exp_inf": True}),
    )
}
"""The rules that a group can be given, by name."""

_BY_KIND: Final = {rule.kind: rule for rule in RULES.values()}


def rule_of(optimizer: torch.optim.Optimizer) -> Rule:
    """Return the rule of an optimizer: by its exact class, since AdamW is a subclass of Adam.

    An Adam that has loaded the state of an AdamW decouples its decay, and is an AdamW.

    Raises
    ------
    RefusedError : the optimizer cannot be steered
    """
    kind = type(optimizer)
    if kind is torch.optim.LBFGS:
        raise RefusedError(
            "LBFGS cannot be steered: it evaluates the loss several times in a step, so a step has "
            "no gradients of its own"
        )
    if kind is torch.optim.SparseAdam:
        raise RefusedError("SparseAdam cannot be steered: its gradients are sparse")
    decoupled = any(group.get("decoupled_weight_decay") for group in optimizer.param_groups)
    if kind is torch.optim.Adam and decoupled:
        return RULES["adamw"]
    return _BY_KIND.get(kind) or _script_rule(optimizer)


def _script_rule(optimizer: torch.optim.Optimizer) -> Rule:
    """Return the rule of a class that is not in `RULES`, with the settings that can be shown."""
    kind = type(optimizer)
    arguments = inspect.signature(kind).parameters
    values = optimizer.param_groups[0]
    shown = {
        key: ANY
        for key, value in values.items()
        if key in arguments and key not in ("params", "lr") and _is_setting(value)
    }
    return Rule(kind.__name__.lower(), kind, shown)


def _is_setting(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return len(value) == 2 and all(isinstance(item, int | float) for item in value)
    return isinstance(value, bool | int | float)


def settings_of(rule: Rule, values: Mapping[str, Any]) -> dict[str, Setting]:
    """Return the hyper-parameters besides lr in an entry of ``param_groups``."""
    return {key: _plain(values[key]) for key in rule.constraints if key in values}


def hidden_settings(rule: Rule, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the other settings of an entry of ``param_groups``, such as ``foreach``."""
    arguments = inspect.signature(rule.kind).parameters
    shown = {"params", "lr", *rule.constraints}
    return {key: value for key, value in values.items() if key in arguments and key not in shown}


def choice_of(name: str, rule: Rule) -> OptimizerChoice:
    """Return a rule with its settings' defaults as text; a group keeps its own lr."""
    defaults = ((key, setting_text(value)) for key, value in rule.defaults.items() if key != "lr")
    return OptimizerChoice(name, tuple(defaults))
