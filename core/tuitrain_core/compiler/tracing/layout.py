"""Layout: which values of a graph are images, whose memory has the channels of a pixel together."""

from __future__ import annotations

from collections.abc import Sequence

from ...ops.activation import GELU, ReLU, Sigmoid, Tanh
from ...ops.convolution import Conv2d
from ...ops.dropout import Dropout
from ...ops.elementwise import Add, Divide, Exp, Log, Multiply, Power, Subtract
from ...ops.normalization import BatchNormInference, BatchNormTraining
from ...ops.pooling import AvgPool2d, MaxPool2d
from ..graph import Node, Value

_OF_IMAGES = (Conv2d, MaxPool2d, AvgPool2d, BatchNormTraining, BatchNormInference)
_OF_EACH = (
    *(Add, Subtract, Multiply, Divide, Power, Exp, Log),
    *(ReLU, Tanh, Sigmoid, GELU, Dropout),
)


def mark_images(nodes: Sequence[Node], batch: Value) -> None:
    """Set ``channels_last`` of every value that is an image.

    Those are the batch itself, what convolutions, pools and batch norms take and give, and what
    comes from images, or leads to them, element by element. Other values of three axes, such as
    the heads of an attention, lie as they are named.
    """
    found = {batch}
    for node in nodes:
        if isinstance(node.op, _OF_IMAGES):
            found |= {node.inputs[0], node.output}
    before = 0
    while len(found) > before:
        before = len(found)
        for node in nodes:
            joined = {*node.inputs, node.output}
            if isinstance(node.op, _OF_EACH) and joined & found:
                found |= joined
    for value in found:
        value.channels_last = value.batched and len(value.shape) == 3
