"""Differentiable functions of tensors: what a network's ``forward`` is written in.

Each takes tensors (or anything a tensor can be made of), checks shapes and dtypes before it
computes, and is recorded for differentiation where a gradient can flow.
"""

from . import loss, nn
from .activation import gelu, logsoftmax, relu, sigmoid, softmax, tanh
from .convolution import avg_pool2d, conv2d, max_pool2d
from .elementwise import exp, log, matmul
from .loss import cross_entropy, square_loss
from .nn import batch_norm, dropout, embedding, layer_norm, linear
from .shape import flatten, reshape, transpose

__all__ = [
    "avg_pool2d",
    "batch_norm",
    "conv2d",
    "cross_entropy",
    "dropout",
    "embedding",
    "exp",
    "flatten",
    "gelu",
    "layer_norm",
    "linear",
    "log",
    "logsoftmax",
    "loss",
    "matmul",
    "max_pool2d",
    "nn",
    "relu",
    "reshape",
    "sigmoid",
    "softmax",
    "square_loss",
    "tanh",
    "transpose",
]
