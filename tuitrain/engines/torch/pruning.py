# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Backward passes without the frozen parameters, where nothing depends on their gradients."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch.nn import Parameter

from .compiled import is_compiled, is_sharded


class Pruning:
    """Clears ``requires_grad`` of frozen parameters, which shortens the backward pass.

    Not under DistributedDataParallel, fully sharded parameters or `torch.compile`: reducers wait
    for every gradient that they knew, and compiled graphs compute those they were compiled for. Nor
    before a step has shown that a trained parameter gets a gradient: a loss that depends on no
    trained parameter has no backward pass.

    Parameters
    ----------
    model : the network
    parameters : by name
    """

    def __init__(self, model: torch.nn.Module, parameters: Mapping[str, Parameter]) -> None:
        self._parameters = parameters
        self._is_possible = can_prune(model)
        self._frozen: Collection[str] = ()
        self.is_waiting = False

    def follow(self, frozen: Collection[str]) -> None:
        """Prune the frozen parameters, and restore the others."""
        self._frozen = frozen
        for name, parameter in self._parameters.items():
            if name not in frozen and not parameter.requires_grad:
                parameter.requires_grad_(True)
        self.is_waiting = self._is_possible and bool(frozen)
        self.retry()

    def retry(self) -> None:
        """Prune if the last step has shown that it can be done."""
        trained = (item for name, item in self._parameters.items() if name not in self._frozen)
        if self.is_waiting and any(item.grad is not None for item in trained):
            for name in self._frozen:
                self._parameters[name].requires_grad_(False)
            self.is_waiting = False


def can_prune(model: torch.nn.Module) -> bool:
    """Whether nothing depends on the gradients of all parameters of a model."""
    reduced = torch.nn.parallel.DistributedDataParallel
    is_reduced = any(isinstance(module, reduced) for module in model.modules())
    return not (is_reduced or is_compiled(model) or is_sharded(model))
