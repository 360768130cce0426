"""Inspection of weights, network and batches: requests, and the views that answer them.

An inspection costs training time, so it is made only while a viewer requests it. Everything
here is an immutable value; arrays are read-only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .state import Array
from .views import ArrayStatistics, LayerUnits

SampleSelection: TypeAlias = Literal["probe", "next", "mistakes"]
"""Which samples: the first of the test set, which stay the same; those of the next step; or those
of the test set that the network is wrong about, the surest first."""

SAMPLE_SELECTIONS: Final[tuple[SampleSelection, ...]] = ("probe", "next", "mistakes")

NO_PREDICTION: Final = -1
"""The prediction where an output is NaN."""


@dataclass(frozen=True, slots=True)
class InspectWeights:
    """Ask for one parameter: its values, its gradient, its updates."""

    parameter: str


@dataclass(frozen=True, slots=True)
class InspectNetwork:
    """Ask for the network, and where its gradient flows."""


@dataclass(frozen=True, slots=True)
class InspectBatch:
    """Ask for samples with what the network makes of them, and the confusions on the test set."""

    samples: SampleSelection = "probe"


InspectionRequest: TypeAlias = InspectWeights | InspectNetwork | InspectBatch


@dataclass(frozen=True, slots=True, eq=False)
class HistogramSeries:
    """Histograms at sampled steps.

    Attributes
    ----------
    steps : (T,) int, ascending
    low, high : (T,) what the bins of each sample span
    counts : (T, bins) how many values fell into each
    """

    steps: Array = field(default_factory=lambda: np.empty(0, np.int64))
    low: Array = field(default_factory=lambda: np.empty(0))
    high: Array = field(default_factory=lambda: np.empty(0))
    counts: Array = field(default_factory=lambda: np.empty((0, 0), np.int64))

    def __len__(self) -> int:
        return len(self.steps)


@dataclass(frozen=True, slots=True, eq=False)
class TensorSummary:
    """One side of a parameter: its values, its gradient, or how it was updated.

    Attributes
    ----------
    statistics : None without a gradient or an update
    sample : float32, of the parameter's shape, or smaller if that is large; see ``block``
    block : how many neighbours along the last two axes one element of ``sample`` is the mean of
    histograms : since the inspection began
    """

    statistics: ArrayStatistics | None = None
    sample: Array | None = None
    block: tuple[int, int] = (1, 1)
    histograms: HistogramSeries = field(default_factory=HistogramSeries)


@dataclass(frozen=True, slots=True, eq=False)
class WeightsView:
    """One parameter, seen closely.

    Attributes
    ----------
    shape : of the whole parameter; samples may show less of it
    update : what the last ``update_steps`` steps have changed, together
    update_ratio : |Δw|/|w| of the last step alone; NaN if there was none
    units : the units of the layer that it belongs to; None where no ReLU follows
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
    """What becomes of the gradient at a part of the network, on its way from loss to data."""

    PASSES = "passes"
    """It comes from the loss and continues towards the data."""
    CUT = "cut"
    """It ends here: everything below that could learn is frozen."""
    ENDS = "ends"
    """It ends here: below there is nothing that learns."""
    NONE = "none"
    """None is computed: nothing here or below needs one."""


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """One line of the network as a tree, in the order in which a batch meets it.

    Attributes
    ----------
    key : tells the row from all others, whatever changes
    name : the last part of its path, or the operation's name
    path : the module's dotted path; of a parameter its full name there; of an operation ""
    kind : ``module``, ``operation`` or ``parameter``
    label : the module's class, with its settings in ``detail``
    depth : 0 for the network itself
    shape : of the output for one sample, or of the parameter
    parameters : the first names of those in it, each once; of a parameter row its own
    flow : where the gradient goes; of a parameter, whether it gets one
    inputs_with_gradient : how many inputs get a gradient, and how many inputs there are
    use_count : uses in one pass; 0 if the outputs do not depend on it
    buffers_held : of a module with buffers, such as running statistics, whether these keep their
        bytes; else None
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


@dataclass(frozen=True, slots=True, eq=False)
class NetworkView:
    """The network at a step.

    Attributes
    ----------
    data : the shape of one sample
    grad_norms : by parameter, of the last step; those without a gradient are not in it
    units : the layers that a ReLU follows; empty if they were not counted
    """

    step: int
    data: tuple[int, ...]
    rows: tuple[NetworkRow, ...]
    grad_norms: Mapping[str, float]
    units: tuple[LayerUnits, ...] = ()
    request: InspectNetwork = InspectNetwork()


@dataclass(frozen=True, slots=True, eq=False)
class BatchView:
    """Samples with their predictions, and the confusions of classes on the test set.

    Attributes
    ----------
    inputs : uint8 (n, C, H, W)
    labels, predictions : int (n,); `NO_PREDICTION` where an output is NaN
    confidence : float (n,), the softmax of the predicted class
    confusion : int (K, K): test samples by label (row) and prediction (column), without those that
        have no prediction
    nan_count : how many samples have no prediction
    """

    request: InspectBatch
    step: int
    inputs: NDArray[np.uint8]
    labels: Array
    predictions: Array
    confidence: Array
    confusion: Array
    nan_count: int = 0


@dataclass(frozen=True, slots=True)
class FailedInspection:
    """An inspection that failed; the reason is one sentence."""

    request: InspectionRequest
    step: int
    reason: str


Inspection: TypeAlias = WeightsView | NetworkView | BatchView | FailedInspection
