"""LeNet, for images of 28 x 28 pixels."""

from __future__ import annotations

from .. import functional as F
from ..module import Conv2d, Linear, MaxPool2d, Module
from ..tensor import Tensor


class LeNet(Module):
    """Two convolutions and three fully connected layers, 61 706 parameters.

    After LeCun et al., "Gradient-based learning applied to document recognition", 1998, with ReLU
    and maximum pooling. Maps images (N, 1, 28, 28) to logits (N, 10).
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = Conv2d(1, 6, 5, padding=2)
        self.pool1 = MaxPool2d(2)
        self.conv2 = Conv2d(6, 16, 5)
        self.pool2 = MaxPool2d(2)
        self.fc1 = Linear(16 * 5 * 5, 120)
        self.fc2 = Linear(120, 84)
        self.classifier = Linear(84, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28) to logits (N, 10)."""
        x = self.pool1(F.relu(self.conv1(images)))
        x = self.pool2(F.relu(self.conv2(x)))
        x = F.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.classifier(x)
