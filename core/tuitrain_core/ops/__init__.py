"""Differentiable operations on plain arrays.

An operation is a class: its fields are attributes (stride, padding, axis), ``forward`` computes the
output, and ``backward`` the gradients of the inputs that need one. Operations do not depend on
tensors, tapes or modules.
"""

from .activation import ReLU
from .base import Array, Op
from .convolution import Conv2d
from .dropout import Dropout
from .elementwise import AsType
from .linear import Linear
from .normalization import BatchNormInference, BatchNormTraining
from .pooling import AvgPool2d, MaxPool2d
from .shape import Flatten, Index, Reshape, Transpose

__all__ = [
    "Array",
    "AsType",
    "AvgPool2d",
    "BatchNormInference",
    "BatchNormTraining",
    "Conv2d",
    "Dropout",
    "Flatten",
    "Index",
    "Linear",
    "MaxPool2d",
    "Op",
    "ReLU",
    "Reshape",
    "Transpose",
]
