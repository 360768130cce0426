# pyright: basic, reportMissingImports=false
"""The parts of a script that its loop steers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..arrays import TorchArrays
from ..buffers import HeldBuffers, MutableState
from ..pruning import Pruning
from ..script_freezes import ScriptFreezes
from ..script_groups import ScriptGroups
from .batches import Batches
from .checks import ScriptChecks
from .forward import NextForward


@dataclass(frozen=True, slots=True, eq=False)
class LoopParts:
    """The parts of a `TorchLoop`.

    Attributes
    ----------
    groups : the groups, with the script's optimizers
    arrays : keep cleared gradients for the boundary before the next batch
    buffers, pruning : of the network
    freezes : what the script has frozen itself
    mutable : what a forward pass changes
    batches : gives the batch of any step; None if the loop fetches its own
    next_forward, checks : of the network
    scaler : the script's GradScaler, or None
    """

    groups: ScriptGroups
    arrays: TorchArrays
    buffers: HeldBuffers
    pruning: Pruning
    freezes: ScriptFreezes
    mutable: MutableState
    batches: Batches | None
    next_forward: NextForward
    checks: ScriptChecks
    scaler: Any
