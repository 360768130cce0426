# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Backward passes without the frozen parameters, where nothing depends on their gradients."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import torch
from torch.nn import Parameter

from .compiled import is_compiled, is_sharded


class Pruning:
    """Clears ``requires_grad`` of frozen parameters, which shortens the backward pass.

    Not under DistributedDataParallel, fully sharded parameters or `torch.compile`: reducers wait
    for every gradient that they knew, and compiled graphs compute those they were compiled for. Nor
    before a step has shown that a trained parameter of each optimizer gets a gradient: a loss that
    depends on no trained parameter has no backward pass. What a script has cleared itself stays as
    it is.

    Parameters
    ----------
    model : the network
    parameters : by name
    optimizers : of a script

    Attributes
    ----------
    pruned : the names of the parameters whose ``requires_grad`` is cleared
    is_waiting : whether frozen parameters wait for a step that shows that it can be done
    """

    def __init__(
        self,
        model: torch.nn.Module,
        parameters: Mapping[str, Parameter],
        optimizers: Sequence[torch.optim.Optimizer] = (),
    ) -> None:
        self._parameters = parameters
        self._shares = _shares_of(parameters, optimizers)
        self.pruned: set[str] = set()
        self._is_possible = can_prune(model)
        self._frozen: Collection[str] = ()
        self.is_waiting = False

    def follow(self, frozen: Collection[str]) -> None:
        """Prune the frozen parameters, and restore the others that were pruned."""
        self._frozen = frozen
        for name in self.pruned.difference(frozen):
            self._parameters[name].requires_grad_(True)
        self.pruned.intersection_update(frozen)
        self.is_waiting = self._is_possible and bool(frozen)
        self.retry()

    def retry(self) -> None:
        """Prune if the last step has shown that it can be done."""
        if not self.is_waiting or not all(map(self._is_trained, self._shares)):
            return
        self.is_waiting = False
        for name in self._frozen:
            if self._parameters[name].requires_grad:
                self._parameters[name].requires_grad_(False)
                self.pruned.add(name)

    def forget(self) -> None:
        """Forget what was pruned, because a state sets ``requires_grad``."""
        self.pruned.clear()

    def _is_trained(self, names: Sequence[str]) -> bool:
        parameters = self._parameters
        return any(parameters[name].grad is not None for name in names if name not in self._frozen)


def _shares_of(
    parameters: Mapping[str, Parameter], optimizers: Sequence[torch.optim.Optimizer]
) -> list[list[str]]:
    """Return the parameters of each optimizer that has any; all of them if there is none."""
    names = {id(item): name for name, item in parameters.items()}
    shares = [
        [names[id(item)] for entry in optimizer.param_groups for item in entry["params"]]
        for optimizer in optimizers
    ]
    return [share for share in shares if share] or [list(parameters)]


def can_prune(model: torch.nn.Module) -> bool:
    """Whether nothing depends on the gradients of all parameters of a model."""
    reduced = torch.nn.parallel.DistributedDataParallel
    is_reduced = any(isinstance(module, reduced) for module in model.modules())
    return not (is_reduced or is_compiled(model) or is_sharded(model))
