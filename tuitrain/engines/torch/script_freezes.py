# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The parameters that a script itself keeps from training, by their ``requires_grad``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import torch
from torch.nn import Parameter

from ..grouping.freezing import FrozenParameters
from ..state import EngineState
from .pruning import Pruning

_KEY: Final = "requires_grad"
"""The entry of a state's ``random`` that has what `ScriptFreezes.capture` returns."""


class ScriptFreezes:
    """Follows the ``requires_grad`` that a script sets, and changes it only for a command.

    A parameter is frozen by the script if it required no gradient at the last update of its
    optimizer and had none: the update has not moved it. A discriminator whose ``requires_grad`` is
    False only while the generator is trained is not frozen.

    Parameters
    ----------
    parameters : by name
    frozen : has the parameters that are frozen, by commands and by the script
    pruning : clears the ``requires_grad`` of parameters that commands have frozen
    """

    def __init__(
        self, parameters: Mapping[str, Parameter], frozen: FrozenParameters, pruning: Pruning
    ) -> None:
        self._parameters, self._frozen, self._pruning = parameters, frozen, pruning
        self._flags: dict[torch.optim.Optimizer, list[bool]] = {}
        self._at_watch = self._cleared()
        self._note(parameters, 0)

    def note(self, optimizer: torch.optim.Optimizer, members: Iterable[str], step: int) -> None:
        """Note before an update of an optimizer which of its parameters the script has frozen.

        Parameters
        ----------
        members : the names of its parameters
        step : the steps taken
        """
        flags = flags_of(optimizer)
        if flags != self._flags.get(optimizer):
            is_settled = self._note(members, step)
            self._flags[optimizer] = flags if is_settled else []

    def is_settled(self, optimizer: torch.optim.Optimizer, flags: list[bool]) -> bool:
        """Whether nothing is to be noted for an optimizer until its parameters' flags change."""
        return self._flags.get(optimizer) == flags

    def forget(self) -> None:
        """Examine all parameters at the next update, because a command has changed some."""
        self._flags = {}

    def thaw(self, names: Iterable[str]) -> None:
        """Train parameters, whether the script has frozen them or not."""
        for name in names:
            self._parameters[name].requires_grad_(True)

    def capture(self) -> dict[str, Any]:
        """Return the entries of a state's ``random``, as plain values."""
        return {_KEY: {"cleared": sorted(self._cleared()), "frozen": dict(self._frozen.by_script)}}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Restore what `capture` has returned."""
        if _KEY not in saved:
            return
        cleared: Collection[str] = saved[_KEY]["cleared"]
        self._pruning.forget()
        for name, parameter in self._parameters.items():
            if parameter.requires_grad == (name in cleared):
                parameter.requires_grad_(name not in cleared)
        since: Mapping[str, int] = saved[_KEY]["frozen"]
        self._frozen.by_script = {n: s for n, s in since.items() if n in self._parameters}
        self.forget()

    def upgrade(self, state: EngineState) -> EngineState:
        """Return a state with what the script has frozen; older ones count it as a command's."""
        if _KEY in state.random:
            return state
        since = {n: s for n, s in state.frozen.items() if s == 0 and n in self._at_watch}
        entry = {"cleared": sorted(since), "frozen": since}
        others = {name: step for name, step in state.frozen.items() if name not in since}
        return replace(state, frozen=others, random={**state.random, _KEY: entry})

    def _cleared(self) -> set[str]:
        """Return the parameters whose ``requires_grad`` the script has cleared."""
        pruned = self._pruning.pruned
        return {
            name
            for name, item in self._parameters.items()
            if not item.requires_grad and name not in pruned
        }

    def _note(self, names: Iterable[str], step: int) -> bool:
        """Note which of these the script has frozen; return whether their flags alone say so."""
        by_script, is_settled = self._frozen.by_script, True
        for name in names:
            parameter = self._parameters[name]
            if parameter.requires_grad or name in self._frozen:
                by_script.pop(name, None)
            elif parameter.grad is None:
                by_script.setdefault(name, step)
            else:  # a gradient from before, with which the optimizer still moves it
                by_script.pop(name, None)
                is_settled = False
        return is_settled


def flags_of(optimizer: torch.optim.Optimizer) -> list[bool]:
    """Return which parameters of an optimizer require a gradient."""
    return [item.requires_grad for entry in optimizer.param_groups for item in entry["params"]]
