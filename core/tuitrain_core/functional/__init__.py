"""Differentiable functions of tensors, for a network's ``forward``.

They accept tensors, and data that a tensor can be made of. Shapes and dtypes are checked first. A
call is recorded for differentiation if a gradient can flow through it.
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
