# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The optimizer of a group: an entry of a script's optimizer, or an optimizer of its own."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import Parameter

from tuitrain.commands import Setting, setting_text
from tuitrain.errors import RefusedError, did_you_mean
from tuitrain_core.optimizer import (
    OPTIMIZERS,
    ParameterState,
    UpdateStatistics,
    default_policy,
    transfer_state,
)

from ..grouping.rules import Policy, check_shaped_slots
from ..state import Array
from ..views import OptimizerChoice
from .arrays import like_shards, local_part, to_array, to_tensor
from .rules import RULES, Rule, choice_of, hidden_settings, rule_of, settings_of

STEP = "step"
"""The entry of a parameter's state that counts its updates."""


class UpdateCounts:
    """Counts the updates of parameters, with work only for those that have none."""

    def __init__(self) -> None:
        self._total = 0
        self._differences: dict[int, int] = {}

    def count(self, parameters: Iterable[Parameter]) -> None:
        """Count an update of those parameters that have a gradient; they are always the same."""
        self._total += 1
        differences = self._differences
        for parameter in parameters:
            if parameter.grad is None:
                differences[id(parameter)] = differences.get(id(parameter), 0) - 1

    def of(self, parameter: Parameter) -> int:
        """Return the updates of a parameter."""
        return self._total + self._differences.get(id(parameter), 0)

    def set(self, parameter: Parameter, updates: int) -> None:
        """Set the updates of a parameter."""
        self._differences[id(parameter)] = updates - self._total


class TorchOptimizer:
    """The optimizer of one group.

    Parameters
    ----------
    rule : its update rule
    source : the optimizer that takes the updates
    index : the group's entry in the ``param_groups`` of ``source``; the entry itself is replaced
        when a script loads the state of its optimizer
    parameters : of the group; the entry may have more
    lr : the learning rate of the next update

    Attributes
    ----------
    updates : counts the updates; of rules that count them, the state's count is used
    statistics : what the last measured update of each parameter did
    """

    def __init__(
        self,
        rule: Rule,
        source: torch.optim.Optimizer,
        index: int,
        parameters: Sequence[Parameter],
        lr: float,
    ) -> None:
        self.rule, self.source, self.index = rule, source, index
        self.parameters = list(parameters)
        self.lr = lr
        self.updates = UpdateCounts()
        self.statistics: dict[Parameter, UpdateStatistics] = {}

    @property
    def entry(self) -> dict[str, Any]:
        """The group's entry in ``param_groups``, as it is now."""
        return self.source.param_groups[self.index]

    def count_updates(self, parameter: Parameter) -> int:
        """Return how often a parameter was updated."""
        counted = self.source.state.get(parameter, {}).get(STEP)
        return self.updates.of(parameter) if counted is None else int(counted)

    def reset(self, parameter: Parameter) -> None:
        """Drop the state of a parameter."""
        self.source.state.pop(parameter, None)
        self.updates.set(parameter, 0)
        _begin(self, parameter)

    def state_of(self, parameter: Parameter) -> ParameterState | None:
        """Return the state of a parameter as arrays, or None."""
        state: Mapping[str, Any] = self.source.state.get(parameter, {})
        slots = {
            name: to_array(value) if isinstance(value, torch.Tensor) else np.array(value)
            for name, value in state.items()
            if name != STEP and value is not None
        }
        updates = self.count_updates(parameter)
        return ParameterState(updates, slots) if slots or updates else None

    def load(self, parameter: Parameter, updates: int, slots: Mapping[str, Array]) -> None:
        """Replace the state of a parameter by a copy of arrays."""
        state: dict[str, Any] = {
            name: _of_slot(array, parameter, self.rule) for name, array in slots.items()
        }
        if self.rule.kind not in (torch.optim.SGD,) and (slots or updates):
            state[STEP] = _counter(updates, parameter, self.entry)
        for name in _slots_in_use(self.rule, self.entry):
            if slots and name not in state:
                state[name] = torch.zeros_like(parameter, memory_format=torch.preserve_format)
        self.updates.set(parameter, updates)
        self.source.state[parameter] = state
        if not slots and not updates:
            self.reset(parameter)


def _counter(updates: int, parameter: Parameter, entry: Mapping[str, Any]) -> torch.Tensor:
    """Return a count as the rules of torch keep it: float32, where the update reads it."""
    on_device = entry.get("capturable") or entry.get("fused")
    device = parameter.device if on_device else torch.device("cpu")
    return torch.tensor(float(updates), dtype=torch.float32, device=device)


def _of_slot(array: Array, parameter: Parameter, rule: Rule) -> Any:
    if rule.slots is None and array.dtype == np.float64 and array.ndim == 0:
        return float(array)
    if rule.slots is None and array.shape != tuple(local_part(parameter).shape):
        return torch.from_numpy(np.array(array)).to(parameter.device)
    part = local_part(parameter)
    copied = to_tensor(array, part).to(parameter.device).reshape(part.shape)
    return like_shards(copied, parameter)


def _slots_in_use(rule: Rule, settings: Mapping[str, Any]) -> list[str]:
    """Return the optional slots that an update reads with these settings."""
    by_setting = {
        torch.optim.RMSprop: {"momentum": "momentum_buffer", "centered": "grad_avg"},
        torch.optim.Adam: {"amsgrad": "max_exp_avg_sq"},
        torch.optim.AdamW: {"amsgrad": "max_exp_avg_sq"},
    }
    slots: Mapping[str, str] = by_setting.get(rule.kind, {})
    return [slot for setting, slot in slots.items() if settings.get(setting)]


def _begin(optimizer: TorchOptimizer, parameter: Parameter) -> None:
    """Make the state that Adagrad expects before its first update."""
    if optimizer.rule.kind is torch.optim.Adagrad:
        optimizer.source.state[parameter] = {
            STEP: _counter(0, parameter, optimizer.entry),
            "sum": torch.zeros_like(parameter, memory_format=torch.preserve_format),
        }


class TorchRules:
    """The rules of torch, and those of a script's own optimizers; see `OptimizerRules`.

    Parameters
    ----------
    scripts : the rules that are not in `RULES`, by name
    hidden : settings such as ``foreach`` for optimizers of parameters, by parameter
    """

    def __init__(
        self,
        scripts: Mapping[str, Rule] | None = None,
        hidden: Mapping[Parameter, Mapping[str, Any]] | None = None,
    ) -> None:
        self._rules: dict[str, Rule] = {**RULES, **(scripts or {})}
        self._choices = tuple(choice_of(name, rule) for name, rule in self._rules.items())
        self._hidden = hidden or {}

    @property
    def names(self) -> Collection[str]:
        """The names of the rules that a group can be given."""
        return self._rules

    def make(
        self, rule: str, parameters: Iterable[Parameter], settings: Mapping[str, Setting]
    ) -> TorchOptimizer:
        """Make an optimizer without state."""
        known = self._rules.get(rule)
        if known is None:
            raise RefusedError(
                f"unknown optimizer {rule!r}{did_you_mean(rule, self._rules)} "
                f"(PyTorch has: {', '.join(self._rules)})"
            )
        known.check(settings)
        members = list(parameters)
        hidden = self._hidden.get(members[0], {}) if members else {}
        usable = {key: value for key, value in hidden.items() if key in _arguments(known)}
        values = {**known.defaults, **settings}
        try:
            source = known.kind(members, **{**usable, **values})
        except (TypeError, ValueError, RuntimeError) as error:
            raise RefusedError(f"{rule}: {error}") from None
        return TorchOptimizer(known, source, 0, members, float(values["lr"]))

    def settings(self, optimizer: TorchOptimizer) -> dict[str, Setting]:
        """Return the optimizer's hyper-parameters besides lr."""
        return settings_of(optimizer.rule, optimizer.entry)

    def settings_text(self, optimizer: TorchOptimizer) -> str:
        """Return the settings that differ from the defaults, as ``momentum=0.9``."""
        defaults = optimizer.rule.defaults
        return " ".join(
            f"{key}={setting_text(value)}"
            for key, value in self.settings(optimizer).items()
            if value != defaults.get(key)
        )

    def defaults(self, rule: str) -> Mapping[str, Any]:
        """Return the defaults of a rule's hyper-parameters."""
        return self._rules[rule].defaults

    def choices(self) -> tuple[OptimizerChoice, ...]:
        """List the rules with their settings' defaults as text."""
        return self._choices

    def default_policy(self, old: str, new: str) -> Policy:
        """Return what a swap does with the state where the command does not say."""
        if old in OPTIMIZERS and new in OPTIMIZERS:
            return default_policy(old, new)
        return "carry" if old == new else "reset"

    def transfer(
        self, old: TorchOptimizer, new: TorchOptimizer, parameters: Sequence[Parameter]
    ) -> None:
        """Copy the state of parameters, converted where the rules differ; see `transfer_state`."""
        before, after = settings_of(old.rule, old.entry), settings_of(new.rule, new.entry)
        same = old.rule.name == new.rule.name and before == after
        for parameter in parameters:
            state = old.state_of(parameter)
            if state is None:
                continue
            converted = state if same else _converted(old.rule, before, new.rule, after, state)
            if converted is not None:
                new.load(parameter, converted.step, converted.slots)

    def reset(self, optimizer: TorchOptimizer, parameter: Parameter) -> None:
        """Drop the state of a parameter."""
        optimizer.reset(parameter)

    def state_of(self, optimizer: TorchOptimizer, parameter: Parameter) -> ParameterState | None:
        """Return the state of a parameter, or None."""
        return optimizer.state_of(parameter)

    def check_slots(self, rule: str, slots: Mapping[str, Array], parameter: Array) -> Iterable[str]:
        """Yield what is wrong with a parameter's state."""
        expected = self._rules[rule].slots
        return () if expected is None else check_shaped_slots(rule, expected, slots, parameter)

    def sizes_of(self, optimizer: TorchOptimizer, parameter: Parameter) -> UpdateStatistics | None:
        """Return what the last measured update of a parameter did, or None."""
        return optimizer.statistics.get(parameter)


def _converted(
    old: Rule,
    before: Mapping[str, Setting],
    new: Rule,
    after: Mapping[str, Setting],
    state: ParameterState,
) -> ParameterState | None:
    """Return a state under another rule or other settings, or None if it cannot be converted."""
    if old.name in OPTIMIZERS and new.name in OPTIMIZERS:
        return transfer_state(old.name, before, new.name, after, state)
    return state if old.name == new.name else None


def _arguments(rule: Rule) -> Collection[str]:
    return inspect.signature(rule.kind).parameters


def hidden_of(optimizers: Iterable[torch.optim.Optimizer]) -> dict[Parameter, dict[str, Any]]:
    """Return the settings that are not shown, by parameter, of a script's optimizers."""
    return {
        parameter: hidden_settings(rule_of(optimizer), entry)
        for optimizer in optimizers
        for entry in optimizer.param_groups
        for parameter in entry["params"]
    }
