"""Samples with a network's predictions: the request, and the view for any kind of data.

For a script's loop, whose test set is not known, the view has the batch of a step.

All arrays are NumPy arrays and read-only, whichever engine made them. n is the number of samples
shown, N that of the test set.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from .state import Array

SampleSelection: TypeAlias = Literal["probe", "next", "mistakes"]
"""Which samples: the first of the test set, which stay the same; those of the next step; or the
worst of the test set: the misclassified ones, the most confident first, or those with the largest
error first."""

SAMPLE_SELECTIONS: Final[tuple[SampleSelection, ...]] = ("probe", "next", "mistakes")

NO_PREDICTION: Final = -1
"""The prediction where an output is NaN."""

MAX_SAMPLES: Final = 96
"""Maximum number of samples shown; no screen has room for more."""

MAX_MATRIX_CLASSES: Final = 50
"""With more classes there is a list of confused pairs and no matrix."""

MAX_PAIRS: Final = 100
"""Maximum number of confused pairs listed."""

InputKind: TypeAlias = Literal["image", "row", "curve", "tokens"]


@dataclass(frozen=True, slots=True)
class InspectBatch:
    """Request samples with the network's predictions, and the results on the test set."""

    samples: SampleSelection = "probe"


@dataclass(frozen=True, slots=True, eq=False)
class SampleInputs:
    """The inputs of samples, in the form in which they are drawn.

    Attributes
    ----------
    kind : ``image`` has values (n, C, H, W), ``row`` (n, F), ``curve`` (n, C, T), ``tokens`` (n, T)
    values : uint8 from 0 to 255, floats or whole numbers; tokens are whole numbers
    shape : of one sample of the data set
    other_inputs : the number of further inputs of the model, which are not shown
    feature_names : of the numbers of a row; may be empty
    vocabulary : the text of each token; may be empty
    """

    kind: InputKind
    values: Array
    shape: tuple[int, ...]
    other_inputs: int = 0
    feature_names: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """How often samples of one class are taken for another.

    Attributes
    ----------
    count : number of samples of class ``label`` with the prediction ``guess``
    total : number of samples of class ``label``
    """

    label: int
    guess: int
    count: int
    total: int


@dataclass(frozen=True, slots=True, eq=False)
class Confusions:
    """The predicted classes of the test set; of each token, where samples have several labels.

    Attributes
    ----------
    hits, totals : int (K,), the right predictions and all predictions by label
    pairs : the most frequent confusions, the most frequent first
    matrix : int (K, K), predictions by label (row) and prediction (column); None for more than
        `MAX_MATRIX_CLASSES`
    nan_count : the number of labels without a prediction
    """

    hits: Array
    totals: Array
    pairs: tuple[ConfusedPair, ...]
    matrix: Array | None
    nan_count: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ClassTargets:
    """Class numbers, and the predicted ones.

    Attributes
    ----------
    labels, predictions : int (n,), or (n, ...) with several for each sample, such as one for each
        token; `NO_PREDICTION` where an output is NaN
    confidence : float, the softmax of each predicted class
    class_names : may be empty, or fewer than the classes
    """

    labels: Array
    predictions: Array
    confidence: Array
    confusions: Confusions
    class_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class NumberTargets:
    """Numbers, and the predicted ones; outputs may be NaN or infinite.

    Attributes
    ----------
    targets, outputs : float (n, V); probabilities, where the network's outputs are logits of them
    errors : (n,), the mean of |output - target| over the values of each sample
    shape : of one target of the data set, V numbers
    test_targets, test_outputs : (N,), the first value of each test sample
    test_errors : (N,)
    """

    targets: Array
    outputs: Array
    errors: Array
    shape: tuple[int, ...]
    test_targets: Array
    test_outputs: Array
    test_errors: Array


@dataclass(frozen=True, slots=True, eq=False)
class Reconstructions:
    """The outputs of a network whose targets are its inputs.

    Attributes
    ----------
    outputs : of the shape and unit of `SampleInputs.values`; may be NaN or infinite
    errors : (n,), the mean of |output - input| of each sample, on the network's scale
    test_errors : (N,)
    """

    outputs: Array
    errors: Array
    test_errors: Array


@dataclass(frozen=True, slots=True, eq=False)
class BatchView:
    """Samples with their targets and predictions, and the results on the test set."""

    request: InspectBatch
    step: int
    inputs: SampleInputs
    targets: ClassTargets | NumberTargets | Reconstructions

    def __len__(self) -> int:
        return len(self.inputs.values)


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """A tensor of a batch, or another value.

    Attributes
    ----------
    path : where it is: ``[0]``, ``input_ids``, ``[1].mask``
    kind : its dtype, or the type of a value that is not a tensor
    shape : of the tensor
    low, mean, high : of its finite values; NaN where there is none, and for other values
    non_finite : the number of values that are NaN or infinite
    first : its first values, or the value, as text
    is_sampled : whether the numbers are those of a sample of its values
    """

    path: str
    kind: str
    shape: tuple[int, ...] = ()
    low: float = math.nan
    mean: float = math.nan
    high: float = math.nan
    non_finite: int = 0
    first: str = ""
    is_sampled: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class BatchPictures:
    """The images of a batch, with their classes.

    Attributes
    ----------
    values : (n, C, H, W), C 1 or 3, uint8 from 0 to 255; floats where one is not finite
    shape : of one image of the batch, which may be larger
    labels : int (n,); None where the batch has no classes
    predictions, confidence : (n,), the classes that the network predicted in its pass over the
        batch, and their softmax; None where they are not known
    class_names : may be empty, or fewer than the classes
    """

    values: Array
    shape: tuple[int, ...]
    labels: Array | None = None
    predictions: Array | None = None
    confidence: Array | None = None
    class_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class StepBatchView:
    """The batch of a step of a script's loop.

    Attributes
    ----------
    step : the steps taken at the boundary of the view
    batch_step : the step that the batch is of, counted from 1
    is_input : whether it is what went into the network, since the loop fetches its own batches
    samples : in the batch; 0 if that is not known
    entries : what it holds
    left_out : the number of further entries
    pictures : None where it holds no images
    """

    request: InspectBatch
    step: int
    batch_step: int
    is_input: bool
    samples: int
    entries: tuple[BatchEntry, ...]
    left_out: int = 0
    pictures: BatchPictures | None = None
