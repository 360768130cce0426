"""A small convolutional network with batch norm, for images of any size."""

from __future__ import annotations

from .. import functional as F
from ..module import BatchNorm2d, Conv2d, Linear, Module
from ..tensor import Tensor


class CNN(Module):
    """Three convolutions with batch norm, the average over all pixels, and a classifier.

    The second and the third convolution halve height and width. Maps images (N, C, H, W) to
    logits (N, classes).

    Parameters
    ----------
    channels : C
    classes : number of classes
    """

    def __init__(self, channels: int = 1, classes: int = 10) -> None:
        super().__init__()
        self.conv1 = Conv2d(channels, 16, 3, padding=1, bias=False)
        self.norm1 = BatchNorm2d(16)
        self.conv2 = Conv2d(16, 32, 3, stride=2, padding=1, bias=False)
        self.norm2 = BatchNorm2d(32)
        self.conv3 = Conv2d(32, 64, 3, stride=2, padding=1, bias=False)
        self.norm3 = BatchNorm2d(64)
        self.classifier = Linear(64, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, classes)."""
        x = F.relu(self.norm1(self.conv1(images)))
        x = F.relu(self.norm2(self.conv2(x)))
        x = F.relu(self.norm3(self.conv3(x)))
        return self.classifier(x.mean((2, 3)))
