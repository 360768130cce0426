# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The beginning of the next forward pass of a network, which separates the steps of a loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn.modules.module import register_module_forward_pre_hook

from ..compiled import has_compiled


class NextForward:
    """Calls a function once: before the next forward pass that gradients are computed for.

    There is a hook only while a call is expected. There is none after `torch.compile` has compiled
    anything, which would compile the hook too.

    Parameters
    ----------
    model : the network; a pass through one of its modules counts
    """

    def __init__(self, model: torch.nn.Module) -> None:
        self._model = model
        self._own: frozenset[int] = frozenset()
        self._function: Callable[[], None] | None = None
        self._handle: Any = None

    def call(self, function: Callable[[], None]) -> bool:
        """Call a function before the next forward pass; at present that of an earlier call.

        Returns
        -------
        Whether it will be called: not after a compilation
        """
        if self._handle is not None:
            return True
        if has_compiled():
            return False
        self._own = frozenset(map(id, self._model.modules()))
        self._function = function
        self._handle = register_module_forward_pre_hook(self._note)
        return True

    def cancel(self) -> None:
        """Call nothing."""
        if self._handle is not None:
            self._handle.remove()
        self._handle = self._function = None

    def _note(self, module: torch.nn.Module, inputs: Any) -> None:
        del inputs
        function = self._function
        if function is not None and torch.is_grad_enabled() and id(module) in self._own:
            self.cancel()
            function()
