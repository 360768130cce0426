"""Inspection of the network as a whole: its structure, and where its gradient flows."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from tuitrain_core.data import DataLoader

from ..inspection import InputShape, NetworkView
from ..networks.structure import Structure
from .model import SeededModel
from .optimizers import CoreTable


class NetworkInspector:
    """Describes a network; its structure is traced on first use.

    Parameters
    ----------
    model : the network
    loader : returns the samples for the traced forward pass
    table : the groups, whose optimizers know the norms of the gradients
    """

    def __init__(self, model: SeededModel, loader: DataLoader, table: CoreTable) -> None:
        self._model = model
        self._loader = loader
        self._table = table
        self._structure: Structure | None = None

    def structure(self) -> Structure:
        """Return the structure of the network."""
        if self._structure is None:
            rows = np.arange(min(2, len(self._loader.dataset)))
            self._structure = self._model.structure(self._loader.samples(rows)[0])
        return self._structure

    def view(
        self, step: int, trained: Collection[str], held_modules: Mapping[str, bool]
    ) -> NetworkView:
        """Describe the network at a step; see `Inspectable.inspect_network`.

        Parameters
        ----------
        trained : names of the parameters that are not frozen
        held_modules : by the path of each module with buffers, whether its buffers are held
        """
        parameters = self._model.parameters
        norms = {
            name: statistics.grad_norm
            for name in trained
            if (statistics := self._table.group_of(name).optimizer.statistics.get(parameters[name]))
        }
        return NetworkView(
            step=step,
            inputs=tuple(
                InputShape(array.shape[1:], str(array.dtype))
                for array in self._loader.dataset.input_arrays
            ),
            rows=self.structure().rows(trained, held_modules),
            grad_norms=norms,
        )
