"""Inspection of weights, network and batches: requests, and the views that answer them.

An inspection costs training time, so it is made only while a viewer requests it. Everything
here is an immutable value; arrays are read-only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, TypeAlias

import numpy as np

from .batch_view import BatchView, InspectBatch, StepBatchView
from .state import Array
from .views import ArrayStatistics, LayerUnits


@dataclass(frozen=True, slots=True)
class InspectWeights:
    """Request one parameter: its values, its gradient, its updates."""

    parameter: str


@dataclass(frozen=True, slots=True)
class InspectNetwork:
    """Request the network, and where its gradient flows."""


InspectionRequest: TypeAlias = InspectWeights | InspectNetwork | InspectBatch


@dataclass(frozen=True, slots=True, eq=False)
class HistogramSeries:
    """Histograms at sampled steps.

    Attributes
    ----------
    steps : (T,) int, ascending
    low, high : (T,) the range of the bins at each step
    counts : (T, bins) the number of values in each bin
    """

    steps: Array = field(default_factory=lambda: np.empty(0, np.int64))
    low: Array = field(default_factory=lambda: np.empty(0))
    high: Array = field(default_factory=lambda: np.empty(0))
    counts: Array = field(default_factory=lambda: np.empty((0, 0), np.int64))

    def __len__(self) -> int:
        return len(self.steps)


@dataclass(frozen=True, slots=True, eq=False)
class TensorSummary:
    """A summary of a parameter's values, its gradient, or its update.

    Attributes
    ----------
    statistics : None without a gradient or an update
    sample : float32, of the parameter's shape, or downsampled; see ``block``
    block : how many elements along the last two axes each element of ``sample`` averages
    histograms : since the inspection began
    """

    statistics: ArrayStatistics | None = None
    sample: Array | None = None
    block: tuple[int, int] = (1, 1)
    histograms: HistogramSeries = field(default_factory=HistogramSeries)


@dataclass(frozen=True, slots=True, eq=False)
class WeightsView:
    """One parameter in detail.

    Attributes
    ----------
    shape : of the whole parameter; samples may be smaller
    update : the change over the last ``update_steps`` steps
    update_ratio : |Δw|/|w| of the last step alone; NaN if there was none
    units : the units of its layer; None where no ReLU follows
    """

    request: InspectWeights
    step: int
    name: str
    shape: tuple[int, ...]
    group: str
    frozen_since: int | None
    value: TensorSummary
    grad: TensorSummary
    update: TensorSummary
    update_steps: int
    update_ratio: float
    units: LayerUnits | None = None
    aliases: tuple[str, ...] = ()


class GradientFlow(Enum):
    """The gradient at a part of the network, on its way from the loss to the data."""

    PASSES = "passes"
    """The gradient passes through towards the data."""
    CUT = "cut"
    """The gradient ends here: all parameters below are frozen."""
    ENDS = "ends"
    """The gradient ends here: there are no parameters below."""
    NONE = "none"
    """No gradient is computed: nothing here or below needs one."""


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """One row of the network as a tree, in the order in which a batch passes through.

    Attributes
    ----------
    key : identifies the row permanently
    name : the last part of its path, or the operation's name
    path : the module's dotted path; a parameter's full name; "" for an operation
    kind : ``module``, ``operation`` or ``parameter``
    label : the module's class, with its settings in ``detail``
    depth : 0 for the network itself
    shape : of the output for one sample, or of the parameter
    parameters : the first names of its parameters, each once
    flow : where the gradient goes; for a parameter, whether it gets one
    inputs_with_gradient : the number of inputs that get a gradient, and the number of inputs
    use_count : uses in one pass; 0 if the outputs do not depend on it
    buffers_held : for a module with buffers, such as running statistics, whether they are held;
        else None
    """

    key: str
    name: str
    path: str
    kind: Literal["module", "operation", "parameter"]
    label: str
    detail: str
    depth: int
    shape: tuple[int, ...]
    parameters: tuple[str, ...]
    flow: GradientFlow
    inputs_with_gradient: tuple[int, int] = (0, 0)
    use_count: int = 1
    buffers_held: bool | None = None


@dataclass(frozen=True, slots=True)
class InputShape:
    """The shape of one sample of an input, and its dtype: ``uint8``, ``float32`` or ``int32``."""

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True, eq=False)
class NetworkView:
    """The network at a step.

    Attributes
    ----------
    inputs : each input of the network, for one sample
    grad_norms : of the last step by parameter, without parameters that have no gradient
    units : the units of layers that a ReLU follows; empty if they were not counted
    note : what the tree does not know, in one sentence; "" if it was traced
    """

    step: int
    inputs: tuple[InputShape, ...]
    rows: tuple[NetworkRow, ...]
    grad_norms: Mapping[str, float]
    units: tuple[LayerUnits, ...] = ()
    request: InspectNetwork = InspectNetwork()
    note: str = ""


@dataclass(frozen=True, slots=True)
class FailedInspection:
    """An inspection that failed; the reason is one sentence."""

    request: InspectionRequest
    step: int
    reason: str


Inspection: TypeAlias = WeightsView | NetworkView | BatchView | StepBatchView | FailedInspection
