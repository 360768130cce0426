# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Checks that the parts of a script are still those that `watch` was given."""

from __future__ import annotations

import os
import weakref
from collections.abc import Collection
from typing import Any, Final

import torch

from tuitrain.errors import RefusedError

from ..arrays import is_sharded, unwrap
from ..script_groups import ScriptGroups

_REDUCED: Final = "DistributedDataParallel"

_CHECKS: Final[weakref.WeakSet[ScriptChecks]] = weakref.WeakSet()


class ScriptChecks:
    """Refuses steps and commands that the parts of a script no longer allow.

    Parameters
    ----------
    model : the network
    groups : the groups, with the script's optimizers

    Attributes
    ----------
    is_forked : whether this process is a copy of that of `watch`, without the run
    """

    def __init__(self, model: torch.nn.Module, groups: ScriptGroups) -> None:
        self.is_forked = False
        self._groups = groups
        self._counts = {
            optimizer: [len(entry["params"]) for entry in optimizer.param_groups]
            for optimizer in groups.optimizers
        }
        self._places = _places_of(model)
        parameters = groups.parameters
        is_reduced = any(type(item).__name__ == _REDUCED for item in model.modules())
        sharded = {name for name, item in parameters.items() if is_sharded(item)}
        self._unreduced = {
            name
            for name, item in parameters.items()
            if (is_reduced or name in sharded) and not item.requires_grad
        }
        self._wrapper = "fully_shard" if sharded else _REDUCED
        _CHECKS.add(self)

    def check_thaw(self, names: Collection[str]) -> None:
        """Check that parameters can be thawed.

        Raises
        ------
        RefusedError : DistributedDataParallel does not know one of them, or it has whole numbers
        """
        for name in names:
            parameter = self._groups.parameters[name]
            if not (parameter.is_floating_point() or parameter.is_complex()):
                raise RefusedError(
                    f"{name} cannot be thawed: its values are of type {parameter.dtype}, which has "
                    "no gradients"
                )
            if name in self._unreduced:
                raise RefusedError(
                    f"{name} cannot be thawed: it required no gradient when {self._wrapper} "
                    "wrapped the network, which would not average its gradient over the "
                    "processes; wrap the network first, and then `freeze`"
                )

    def check_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Check before an update that this process has the run, and the optimizer its groups.

        Raises
        ------
        RefusedError : it has not
        """
        if self.is_forked:
            raise RefusedError(
                "this process was forked after watch, and the run is that of its parent; call "
                "watch in the process that trains"
            )
        if [len(entry["params"]) for entry in optimizer.param_groups] != self._counts[optimizer]:
            raise RefusedError(
                "the optimizer has other param_groups than at watch; call add_param_group before "
                "watch, or end the run by run.finish() and watch again"
            )

    def check_gradients(self, frozen: Collection[str]) -> None:
        """Check that a parameter has a gradient, unless none is trained.

        Raises
        ------
        RefusedError : none has one
        """
        trained = [
            item
            for name, item in self._groups.parameters.items()
            if item.requires_grad and name not in frozen
        ]
        if trained and all(item.grad is None for item in trained):
            raise RefusedError("run.step comes after loss.backward(): no parameter has a gradient")

    def check_parts(self) -> None:
        """Check that the network has the parameters of `watch`.

        Raises
        ------
        RefusedError : names the first that was replaced
        """
        for owned, key, part, name in self._places:
            if owned.get(key) is not part:
                raise RefusedError(
                    f"{name} of the network was replaced after watch, so the optimizer updates a "
                    "parameter that the network does not use; replace it first, then make the "
                    "optimizer, then watch"
                )


def _places_of(model: torch.nn.Module) -> list[tuple[dict[str, Any], str, Any, str]]:
    """Return where a network keeps its modules and parameters: dict, key, part, name.

    None for fully sharded networks, which exchange them in every step.
    """
    inner = unwrap(model)
    if any(type(module).__name__.startswith(("FSDP", "FullyShard")) for module in model.modules()):
        return []
    places: list[tuple[dict[str, Any], str, Any, str]] = []
    for path, module in inner.named_modules():
        prefix = f"{path}." if path else ""
        for owned in (module._modules, module._parameters):
            places += [
                (owned, key, part, prefix + key) for key, part in owned.items() if part is not None
            ]
    return places


def _note_fork() -> None:
    for checks in _CHECKS:
        checks.is_forked = True


os.register_at_fork(after_in_child=_note_fork)
