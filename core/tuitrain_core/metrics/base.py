"""The base of metrics, and those that call a function: the loss, or the user's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar, Final

import numpy as np

from ..errors import CoreError
from ..ops.base import Array


class Metric:
    """A number that is accumulated over the batches of a test set.

    The result depends on how the samples are divided into batches only by rounding. What a metric
    needs of the arrays is copied: they may be a program's own memory.

    Attributes
    ----------
    name : the metric's name
    larger_is_better : whether an improvement raises the number
    is_share : whether the number is a share from 0 to 1, shown in percent
    """

    name: ClassVar[str]
    larger_is_better: ClassVar[bool] = True
    is_share: ClassVar[bool] = False

    def update(self, outputs: Array, targets: Array) -> None:
        """Add a batch: the network's outputs, and what they should be."""
        raise NotImplementedError

    def compute(self) -> float:
        """Return the metric over all batches so far; NaN before the first."""
        raise NotImplementedError


class LossMetric(Metric):
    """The mean loss on the test set; a batch weighs as much as it has samples.

    Parameters
    ----------
    loss : returns the mean loss of a batch, from outputs and targets
    """

    name = "test_loss"
    larger_is_better = False

    def __init__(self, loss: Callable[[Array, Array], float]) -> None:
        self._loss = loss
        self._total = 0.0
        self._samples = 0

    def update(self, outputs: Array, targets: Array) -> None:
        """Add a batch's loss."""
        self._total += float(self._loss(outputs, targets)) * len(targets)
        self._samples += len(targets)

    def compute(self) -> float:
        """Return the mean over the samples."""
        return self._total / self._samples if self._samples else math.nan


class CallableMetric(Metric):
    """A function of all outputs and targets of the test set.

    Parameters
    ----------
    function : called with the outputs and the targets, each concatenated along the first axis;
        returns one real number
    name : what errors call it
    """

    name = "callable"

    def __init__(self, function: Callable[[Array, Array], float], name: str = "") -> None:
        self._function = function
        self._what: Final = name or getattr(function, "__name__", "the metric")
        self._outputs: list[Array] = []
        self._targets: list[Array] = []

    def update(self, outputs: Array, targets: Array) -> None:
        """Keep a copy of a batch."""
        self._outputs.append(np.array(outputs))
        self._targets.append(np.array(targets))

    def compute(self) -> float:
        """Call the function.

        Raises
        ------
        CoreError : it returned something else than one real number
        """
        if not self._outputs:
            return math.nan
        value = self._function(np.concatenate(self._outputs), np.concatenate(self._targets))
        number = np.asarray(value)
        if number.size != 1 or number.dtype.kind not in "biuf":
            raise CoreError(
                f"the metric {self._what} must return one real number, but gave {value!r:.60}"
            )
        return float(number.reshape(()))
