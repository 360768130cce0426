"""Memory layout: which values of a graph are images, with the channels of a pixel together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...ops.activation import GELU, ReLU, Sigmoid, Tanh
from ...ops.convolution import Conv2d
from ...ops.dropout import Dropout
from ...ops.elementwise import Add, Divide, Exp, Log, Multiply, Power, Subtract
from ...ops.normalization import BatchNormInference, BatchNormTraining
from ...ops.pooling import AvgPool2d, MaxPool2d
from ..graph import Node, Value

_IMAGE_OPS = (Conv2d, MaxPool2d, AvgPool2d, BatchNormTraining, BatchNormInference)
_ELEMENTWISE_OPS = (
    *(Add, Subtract, Multiply, Divide, Power, Exp, Log),
    *(ReLU, Tanh, Sigmoid, GELU, Dropout),
)


def mark_images(nodes: Sequence[Node], inputs: Iterable[Value]) -> None:
    """Set ``channels_last`` of every value that is an image.

    Images are float inputs of the step, the inputs and outputs of convolutions, pools and batch
    norms, and the values that elementwise operations connect with images. Other values of three
    axes, such as the heads of an attention, keep their public order in memory.
    """
    images = {value for value in inputs if value.dtype.kind == "f"}
    for node in nodes:
        if isinstance(node.op, _IMAGE_OPS):
            images |= {node.inputs[0], node.output}
    count = 0
    while len(images) > count:
        count = len(images)
        for node in nodes:
            connected = {*node.inputs, node.output}
            if isinstance(node.op, _ELEMENTWISE_OPS) and connected & images:
                images |= connected
    for value in images:
        value.channels_last = value.batched and len(value.shape) == 3
