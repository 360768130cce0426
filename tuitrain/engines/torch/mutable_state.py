# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""What a forward pass changes: buffers, and the state of the random generators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import torch

from .buffers import HeldBuffers
from .rng import RandomState

Captured: TypeAlias = tuple[Mapping[str, torch.Tensor], Mapping[str, Any]]


class MutableState:
    """The buffers of a network and the generators that its steps draw from."""

    def __init__(self, buffers: HeldBuffers, random: RandomState) -> None:
        self._buffers, self.random = buffers, random

    def capture(self) -> Captured:
        """Return a copy."""
        copies = {name: item.detach().clone() for name, item in self._buffers.live().items()}
        return copies, self.random.capture()

    def restore(self, captured: Captured) -> None:
        """Restore a copy."""
        buffers, random = captured
        with torch.no_grad():
            for name, item in self._buffers.live().items():
                item.copy_(buffers[name])
        self.random.restore(random)
