# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The losses of the steps of a turn: those on another device are read together at its end."""

from __future__ import annotations

import math

import torch

from .step_loss import StepLoss


class TurnLosses:
    """The losses of the steps of a turn.

    Reading one that is still on another device waits for the device.

    Attributes
    ----------
    step : the loss of the present step
    """

    def __init__(self) -> None:
        self.step = StepLoss()
        self._places: list[int] = []
        self._tensors: list[torch.Tensor] = []

    def now(self, reported: float) -> float:
        """Return the loss of the present step.

        Parameters
        ----------
        reported : the loss that the script has reported, which counts; NaN for none
        """
        return self.step.value() if math.isnan(reported) else reported

    def take(self, place: int, reported: float, at_once: bool) -> float:
        """Return the loss of the present step; NaN for one that `write_into` writes.

        Parameters
        ----------
        place : its place among the losses of the turn
        reported : see `now`
        at_once : whether `write_into` is not called any more
        """
        pending = self.step.pending() if math.isnan(reported) and not at_once else None
        if pending is None:
            return self.now(reported)
        self._places.append(place)
        self._tensors.append(pending)
        return math.nan

    def write_into(self, losses: list[float]) -> None:
        """Write the losses that were not read yet, with one copy from the device."""
        if not self._tensors:
            return
        is_double = any(item.dtype == torch.float64 for item in self._tensors)
        kind = torch.float64 if is_double else torch.float32
        device = self._tensors[0].device
        values = torch.stack([item.to(device, kind) for item in self._tensors]).tolist()
        for place, value in zip(self._places, values, strict=True):
            losses[place] = value
        self._places, self._tensors = [], []
