# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Steps of a model on the data of a scenario: batches as tensors, losses, outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tuitrain_core.data import DataLoader

from ..state import Array
from .losses import Loss


class ScenarioSteps:
    """Computes the losses of a model.

    Parameters
    ----------
    model : the network
    loader : the training data
    loss : None for the model's method ``loss``
    """

    def __init__(self, model: torch.nn.Module, loader: DataLoader, loss: Loss | None) -> None:
        self.model, self.loader = model, loader
        self._loss = loss

    def loss(self, step: int) -> torch.Tensor:
        """Return the loss of a step's batch."""
        inputs, targets = map(as_tensors, self.loader.batch(step))
        return self.loss_of(inputs, targets)

    def loss_of(self, inputs: Any, targets: Any) -> torch.Tensor:
        """Return the loss of a batch."""
        if self._loss is None:
            model: Any = self.model
            return model.loss((inputs, targets))
        return self._loss(self.outputs(inputs), targets)

    def trace_pass(self, inputs: Any, targets: Any) -> torch.Tensor:
        """Return the outputs, or the loss of a model that only has a method ``loss``."""
        has_forward = type(self.model).forward is not torch.nn.Module.forward
        return self.outputs(inputs) if has_forward else self.loss_of(inputs, targets)

    def outputs(self, inputs: Any) -> torch.Tensor:
        """Return the outputs for a batch's inputs."""
        return self.model(*inputs) if isinstance(inputs, tuple) else self.model(inputs)


def as_tensors(arrays: Array | tuple[Array, ...]) -> Any:
    """Return arrays as tensors; whole numbers as int64, which torch's losses and tables take."""
    if isinstance(arrays, tuple):
        return tuple(map(as_tensors, arrays))
    kind = np.int64 if arrays.dtype.kind in "iu" else arrays.dtype
    return torch.from_numpy(np.array(arrays, kind))
