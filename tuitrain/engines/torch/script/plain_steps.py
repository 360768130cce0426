# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Updates of a script's optimizer that need nothing from a run, recognized with little work."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..script_freezes import ScriptFreezes, flags_of
from ..script_groups import ScriptGroups, TorchGroup
from ..updates import Updates, count_update


class PlainSteps:
    """Recognizes updates that are those of the script alone.

    No command is applied within a turn. So after one whole step of a turn the following ones need
    nothing, as long as the script edits no learning rate and no ``requires_grad``: no command has
    frozen, clipped or swapped a group, or set its lr.

    Parameters
    ----------
    groups : the groups, with the script's optimizers
    updates : of them
    freezes : what the script has frozen itself
    """

    def __init__(self, groups: ScriptGroups, updates: Updates, freezes: ScriptFreezes) -> None:
        self._groups, self._updates, self._freezes = groups, updates, freezes
        self._optimizer: torch.optim.Optimizer | None = None
        self._rates: Sequence[float] = ()
        self._counted: Sequence[TorchGroup] = ()

    def prepare(self) -> None:
        """Find out whether the updates after this one are plain; called after a whole step."""
        groups, updates = self._groups, self._updates
        self._optimizer = None
        if len(groups.optimizers) != 1 or updates.frozen or updates.clip.by != "off":
            return
        (optimizer,) = groups.optimizers
        share = groups.share_of(optimizer)
        filled = sum(1 for entry in optimizer.param_groups if entry["params"])
        if share.lost or len(share.kept) != filled:
            return
        for entry, group in share.kept:
            lr = entry.values["lr"]
            if type(lr) is not float or lr == 0.0 or lr != group.optimizer.lr:
                return
            if group.name in groups.owners.owned:
                return
        self._optimizer = optimizer
        self._rates = [entry["lr"] for entry in optimizer.param_groups]
        self._counted = [group for _, group in share.kept]

    def has(self, optimizer: torch.optim.Optimizer) -> bool:
        """Whether an update is plain: the script has edited nothing, and no scaler is in use."""
        entries = optimizer.param_groups
        if optimizer is not self._optimizer or len(entries) != len(self._rates):
            return False
        for entry, lr in zip(entries, self._rates, strict=True):
            if entry["lr"] is not lr:
                return False
        if not self._freezes.is_settled(optimizer, flags_of(optimizer)):
            return False
        values = vars(optimizer)
        return values.get("found_inf") is None and values.get("grad_scale") is None

    def count(self) -> None:
        """Count the update."""
        for group in self._counted:
            count_update(group)
