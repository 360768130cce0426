"""A small convolutional network for curves."""

from __future__ import annotations

from .. import functional as F
from ..module import BatchNorm2d, Conv2d, Linear, Module
from ..tensor import Tensor


class ConvNet1d(Module):
    """Three convolutions along the time with batch norm, the average, and a linear layer.

    The second and the third convolution halve the length. Maps curves (N, T) or (N, C, T) to
    (N, outputs).

    Parameters
    ----------
    channels : C; 1 for curves (N, T)
    outputs : number of classes, or of numbers to predict
    """

    def __init__(self, channels: int = 1, outputs: int = 10) -> None:
        super().__init__()
        self.channels = channels
        self.conv1 = Conv2d(channels, 16, (1, 5), padding=(0, 2), bias=False)
        self.norm1 = BatchNorm2d(16)
        self.conv2 = Conv2d(16, 32, (1, 5), stride=(1, 2), padding=(0, 2), bias=False)
        self.norm2 = BatchNorm2d(32)
        self.conv3 = Conv2d(32, 32, (1, 5), stride=(1, 2), padding=(0, 2), bias=False)
        self.norm3 = BatchNorm2d(32)
        self.classifier = Linear(32, outputs)

    def forward(self, curves: Tensor) -> Tensor:
        """Map curves (N, T) or (N, C, T) to (N, outputs)."""
        x = curves.reshape(curves.shape[0], self.channels, 1, curves.shape[-1])
        x = F.relu(self.norm1(self.conv1(x)))
        x = F.relu(self.norm2(self.conv2(x)))
        x = F.relu(self.norm3(self.conv3(x)))
        return self.classifier(x.mean((2, 3)))
