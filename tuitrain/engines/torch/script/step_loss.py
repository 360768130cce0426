# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The loss of a script's step: the sum of the losses of its backward passes."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import torch

from .backward import observe_backward
from .step_call import check_scalar


def is_remote(loss: torch.Tensor) -> bool:
    """Whether reading a loss waits for another device."""
    return not loss.is_cpu


class StepLoss:
    """The sum of the losses whose backward passes were run since the last update.

    It stays on its device until its value is needed.
    """

    def __init__(self) -> None:
        self._loss: torch.Tensor | None = None
        self._thread = threading.get_ident()
        self._end_observation: Callable[[], None] = lambda: None

    def observe(self) -> None:
        """Add the tensors of one number whose backward pass is run in the loop's thread."""
        self._end_observation = observe_backward(self._add)

    def end(self) -> None:
        """Observe no backward pass any more."""
        self._end_observation()

    def follow_thread(self) -> None:
        """Note that the loop is in this thread."""
        self._thread = threading.get_ident()

    def set(self, loss: Any) -> None:
        """Take a loss in place of what was added.

        Raises
        ------
        RefusedError : it is not a tensor of one number
        """
        self._loss = check_scalar(loss)

    def set_default(self, loss: Any) -> None:
        """Take the loss of a closure, if it is a tensor and no backward pass was run."""
        if isinstance(loss, torch.Tensor) and self._loss is None:
            self._loss = loss

    @property
    def has_begun(self) -> bool:
        """Whether a backward pass was run since the last update."""
        return self._loss is not None

    def clear(self) -> None:
        """Forget the loss: a step begins."""
        self._loss = None

    def value(self) -> float:
        """Return the loss; NaN if there is none."""
        return math.nan if self._loss is None else float(self._loss.item())

    def pending(self) -> torch.Tensor | None:
        """Return a copy of the loss that is still on another device; None for one on the CPU.

        A script may write into its own loss after the step.
        """
        loss = self._loss
        return loss.detach().reshape(()).clone() if loss is not None and is_remote(loss) else None

    def _add(self, tensor: torch.Tensor) -> None:
        if threading.get_ident() != self._thread or tensor.numel() != 1:
            return
        if self._loss is None:
            self._loss = tensor  # without its graph it would be another tensor, in every step
        else:
            self._loss = self._loss.detach().reshape(()) + tensor.detach().reshape(())
