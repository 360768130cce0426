"""Layers, and `Module`, the base class of layers and networks."""

from .activation import GELU, ReLU, Sigmoid, Softmax, Tanh
from .base import Module
from .convolution import AvgPool2d, Conv2d, MaxPool2d
from .embedding import Embedding
from .linear import Linear
from .normalization import BatchNorm1d, BatchNorm2d, LayerNorm
from .regularization import Dropout
from .structure import Flatten, Identity, Sequential

__all__ = [
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv2d",
    "Dropout",
    "Embedding",
    "Flatten",
    "GELU",
    "Identity",
    "LayerNorm",
    "Linear",
    "MaxPool2d",
    "Module",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
]
