# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""One update of a script's optimizer: what is done around it, and for groups that it lost."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from typing import Any, Final

import torch
from torch.nn import Parameter

from tuitrain.commands import Clip

from .arrays import local_part
from .buffers import HeldBuffers
from .model_groups import ModelGroups
from .rules import RULES
from .script_groups import ScriptGroups, TorchGroup
from .statistics import UpdateMeasurement, gradients_of, total_norm

_COUNTING: Final = frozenset(rule.kind for rule in RULES.values()) - {torch.optim.SGD}
"""The optimizers of torch that count the updates of each parameter in its state."""


class Updates:
    """Steers the updates of the groups' optimizers.

    `before` and `after` enclose a call of ``optimizer.step()`` of a script; `update_groups` takes
    the updates of groups without a script.

    Parameters
    ----------
    groups : the groups
    buffers : those that frozen parameters hold

    Attributes
    ----------
    frozen : the names of the frozen parameters
    clip : how gradients are clipped
    is_measured : whether the sizes of the coming updates are measured
    """

    def __init__(self, groups: ScriptGroups | ModelGroups, buffers: HeldBuffers) -> None:
        self.frozen: frozenset[str] = frozenset()
        self.clip = Clip("off")
        self.is_measured = False
        self._measuring_seconds = 0.0
        self._groups, self._buffers = groups, buffers
        self._hidden: list[tuple[Parameter, torch.Tensor]] = []
        self._rates: list[tuple[dict[str, Any], Any]] = []
        self._kept: list[tuple[Parameter, torch.Tensor]] = []
        self._clipped: list[tuple[torch.Tensor, int]] = []
        self._measurement: UpdateMeasurement | None = None

    def drop_frozen(self) -> None:
        """Drop the gradients of frozen parameters, and restore the buffers that they hold."""
        parameters = self._groups.parameters
        for name in self.frozen:
            parameters[name].grad = None
        self._buffers.restore()

    def clip_gradients(self) -> None:
        """Clip the gradients that were computed since the last clipping, all together.

        With several optimizers that is done before the first of a step; gradients that a script
        computes between two of them are clipped before the second.
        """
        if self.clip.by == "off":
            return
        done = {id(grad): version for grad, version in self._clipped}
        fresh = [
            grad
            for grad in gradients_of(self._groups.parameters.values())
            if done.get(id(grad)) != grad._version
        ]
        clip_tensors(fresh, self.clip)
        self._clipped += [(grad, grad._version) for grad in fresh]

    def take_measuring_seconds(self) -> float:
        """Return how long it took to measure updates since the last call."""
        seconds, self._measuring_seconds = self._measuring_seconds, 0.0
        return seconds

    def end_step(self) -> None:
        """Forget what was done to the gradients of a step."""
        self._clipped = []

    def before(self, optimizer: torch.optim.Optimizer, step: int) -> None:
        """Prepare an update of a script's optimizer; take those of groups that it lost.

        Parameters
        ----------
        step : the steps taken
        """
        groups = self._groups
        assert isinstance(groups, ScriptGroups)
        for group in groups.table:
            group.optimizer.lr = group.schedule.lr(step)
        share = groups.share_of(optimizer)
        self._begin_measurement(share.members)
        for entry, group in share.kept:
            self._keep_without_lr(group)
            self._set_lr(entry.values, group.optimizer.lr)
        for group in share.lost:
            self._take(group)

    def after(self, optimizer: torch.optim.Optimizer) -> None:
        """Undo after an update what `before` has hidden, and count and measure the update."""
        for entry, lr in self._rates:
            entry["lr"] = lr
        groups = self._groups
        assert isinstance(groups, ScriptGroups)
        for _, group in groups.share_of(optimizer).kept:
            count_update(group)
        self._restore_kept()
        for parameter, grad in self._hidden:
            parameter.grad = grad
        self._hidden, self._rates = [], []
        self._end_measurement()

    def update_groups(self, step: int) -> None:
        """Take the updates of all groups; they have optimizers of their own."""
        self.clip_gradients()
        self._begin_measurement(self._groups.parameters)
        for group in self._groups.table:
            group.optimizer.lr = group.schedule.lr(step)
            self._step(group)
        self._restore_kept()
        self._end_measurement()
        self.end_step()

    def _set_lr(self, entry: dict[str, Any], lr: float) -> None:
        """Set the lr of an entry for one update; a script's tensor is not written to."""
        before = entry["lr"]
        if isinstance(before, torch.Tensor):
            if float(before) == lr:
                return
            entry["lr"] = torch.full_like(before, lr)
        elif before == lr:
            return
        else:
            entry["lr"] = lr
        self._rates.append((entry, before))

    def _take(self, group: TorchGroup) -> None:
        """Take the update of a group that the script's optimizer does not have any more."""
        self._step(group)
        for parameter in group.optimizer.parameters:
            if parameter.grad is not None:
                self._hidden.append((parameter, parameter.grad))
                parameter.grad = None

    def _step(self, group: TorchGroup) -> None:
        optimizer = group.optimizer
        optimizer.entry["lr"] = optimizer.lr
        self._keep_without_lr(group)
        count_update(group)
        optimizer.source.step()

    def _keep_without_lr(self, group: TorchGroup) -> None:
        """Copy the weights of a group whose lr is 0: 0 times NaN would change them."""
        if group.optimizer.lr == 0.0:
            self._kept += [
                (item, item.detach().clone())
                for item in group.optimizer.parameters
                if item.grad is not None
            ]

    def _restore_kept(self) -> None:
        if not self._kept:
            return
        with torch.no_grad():
            for parameter, copy in self._kept:
                parameter.copy_(copy)
        self._kept = []

    def _begin_measurement(self, members: Iterable[str]) -> None:
        if not self.is_measured:
            return
        began, parameters = time.perf_counter(), self._groups.parameters
        self._measurement = UpdateMeasurement(parameters[name] for name in members)
        self._measuring_seconds += time.perf_counter() - began

    def _end_measurement(self) -> None:
        if self._measurement is None:
            return
        began = time.perf_counter()
        owners = {
            parameter: group.optimizer
            for group in self._groups.table
            for parameter in group.optimizer.parameters
        }
        self._measurement.finish(owners)
        self._measurement = None
        self._measuring_seconds += time.perf_counter() - began


def clip_tensors(tensors: list[torch.Tensor], clip: Clip) -> None:
    """Scale tensors to a common norm, or bound their values; NaN and infinity stay as they are."""
    if not tensors:
        return
    with torch.no_grad():
        parts = list(map(local_part, tensors))
        if clip.by == "value":
            torch._foreach_clamp_max_(parts, clip.limit)
            torch._foreach_clamp_min_(parts, -clip.limit)
            return
        norm = total_norm(tensors)
        if math.isfinite(norm) and norm > clip.limit:
            torch._foreach_mul_(parts, clip.limit / norm)


def count_update(group: TorchGroup) -> None:
    """Count an update of each parameter that has a gradient, unless its state counts them."""
    optimizer = group.optimizer
    if optimizer.rule.kind not in _COUNTING:
        optimizer.updates.count(optimizer.parameters)
