# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Inspection of a network in PyTorch: its structure, and where its gradient flows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

import torch

from ...inspection import NetworkView
from ..arrays import named_parameters
from ..compiled import has_compiled, is_compiled, is_sharded
from ..script_groups import TorchTable
from .modules import ModuleNodes
from .trace import ForwardTrace

_IN_ORDER: Final = "modules in the order of their definition"


class NetworkInspector:
    """Describes a network: as a forward pass has met it, or before one as it was defined.

    Parameters
    ----------
    model : the network
    table : the groups, whose optimizers know the norms of the gradients
    """

    def __init__(self, model: torch.nn.Module, table: TorchTable) -> None:
        self._model, self._table = model, table
        self._every, _ = named_parameters(model)
        self._names = {id(item): name for name, item in self._every.items()}
        self._trace: ForwardTrace | None = None

    def trace(self, forward: Callable[[], object], inputs: object) -> None:
        """Trace a forward pass of the caller, once.

        Parameters
        ----------
        forward : computes the outputs, or the loss
        inputs : of a small batch, as the network takes them
        """
        if self._trace is None and self._refusal() == "":
            self._trace = ForwardTrace(self._model, self._names)
            with self._trace.whole(inputs):
                forward()

    def trace_next(self) -> None:
        """Trace the next forward pass of a script, unless one was traced to its end."""
        if self._trace is not None and self._trace.was_left:
            self._trace = None
        if self._trace is None and self._refusal() == "":
            self._trace = ForwardTrace(self._model, self._names)
            self._trace.arm()

    def cancel(self) -> None:
        """End a trace under way."""
        if self._trace is not None and self._trace.structure is None:
            self._trace.cancel()
            self._trace = None

    def view(
        self, step: int, frozen: Collection[str], held_modules: Mapping[str, bool]
    ) -> NetworkView:
        """Describe the network at a step; see `Inspectable.inspect_network`.

        Parameters
        ----------
        frozen : names of the frozen parameters
        held_modules : by the path of each module with buffers, whether its buffers are held
        """
        trace = self._trace
        traced = None if trace is None else trace.structure
        structure = traced or ModuleNodes(self._model, self._names).registered()
        return NetworkView(
            step=step,
            inputs=() if trace is None else trace.inputs,
            rows=structure.rows(self._trained(frozen), held_modules),
            grad_norms=self._grad_norms(frozen),
            note=""
            if traced is not None
            else self._refusal() or f"no step was traced yet: {_IN_ORDER}",
        )

    def _trained(self, frozen: Collection[str]) -> list[str]:
        """Return the parameters that get a gradient; those without an optimizer may get one."""
        own = self._table.parameters
        return [
            name
            for name, item in self._every.items()
            if name not in frozen and (name in own or item.requires_grad)
        ]

    def _grad_norms(self, frozen: Collection[str]) -> dict[str, float]:
        parameters = self._table.parameters
        return {
            name: statistics.grad_norm
            for name, item in parameters.items()
            if name not in frozen
            and (statistics := self._table.group_of(name).optimizer.statistics.get(item))
        }

    def _refusal(self) -> str:
        """Return why no forward pass can be traced; "" if one can be."""
        if is_compiled(self._model) or has_compiled():
            return f"torch.compile prevents a trace: {_IN_ORDER}"
        if is_sharded(self._model):
            return f"a sharded network is not traced: {_IN_ORDER}"
        return ""
