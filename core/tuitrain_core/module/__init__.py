"""Layers, and `Module`, of which layers and networks are made."""

from .activation import GELU, ReLU, Sigmoid, Tanh
from .base import Module
from .convolution import AvgPool2d, Conv2d, MaxPool2d
from .linear import Linear
from .normalization import BatchNorm1d, BatchNorm2d
from .regularization import Dropout
from .structure import Flatten, Identity, Sequential

__all__ = [
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv2d",
    "Dropout",
    "Flatten",
    "GELU",
    "Identity",
    "Linear",
    "MaxPool2d",
    "Module",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Tanh",
]
