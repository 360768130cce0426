"""The residual network for small images, as CIFAR's."""

from __future__ import annotations

from .. import functional as F
from .. import init
from ..errors import CoreError
from ..module import BatchNorm2d, Conv2d, Identity, Linear, Module, Sequential
from ..tensor import Tensor

_WIDTHS = (16, 32, 64)


class BasicBlock(Module):
    """relu(norm(conv(relu(norm(conv(x))))) + shortcut(x)), all convolutions 3 x 3.

    Parameters
    ----------
    in_channels, out_channels : channels of the input and of the output
    stride : of the first convolution; if it is not 1, or the channels differ, the shortcut is a
        1 x 1 convolution with a norm, else x itself
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.norm1 = BatchNorm2d(out_channels)
        self.conv2 = Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.norm2 = BatchNorm2d(out_channels)
        self.shortcut: Module = Identity()
        if stride != 1 or in_channels != out_channels:
            projection = Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.shortcut = Sequential(projection, BatchNorm2d(out_channels))

    def forward(self, inp: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H', W')."""
        shortcut = self.shortcut(inp)  # first, so that it is ready for the sum
        x = F.relu(self.norm1(self.conv1(inp)))
        return F.relu(self.norm2(self.conv2(x)) + shortcut)


class ResNet(Module):
    """The residual network of He et al. for CIFAR: three stages of 16, 32 and 64 channels.

    Source: "Deep residual learning for image recognition", 2015, section 4.2, with projections
    where the size changes. Maps images (N, C, H, W) to logits (N, classes). ResNet-20 has 272 474
    parameters for three channels and ten classes.

    Parameters
    ----------
    depth : layers with weights: 6 n + 2 for n blocks in a stage: 8, 14, 20, 32, 44, 56, ...
    channels : C
    classes : number of classes

    Raises
    ------
    CoreError : the depth is not one of these
    """

    def __init__(self, depth: int = 20, channels: int = 3, classes: int = 10) -> None:
        super().__init__()
        blocks, rest = divmod(depth - 2, 6)
        if blocks < 1 or rest:
            raise CoreError(f"ResNet: the depth is 8, 14, 20, ... (6 n + 2), not {depth}")
        self.conv1 = Conv2d(channels, _WIDTHS[0], 3, padding=1, bias=False)
        self.norm1 = BatchNorm2d(_WIDTHS[0])
        self.stage1 = _stage(_WIDTHS[0], _WIDTHS[0], 1, blocks)
        self.stage2 = _stage(_WIDTHS[0], _WIDTHS[1], 2, blocks)
        self.stage3 = _stage(_WIDTHS[1], _WIDTHS[2], 2, blocks)
        self.classifier = Linear(_WIDTHS[2], classes)
        for module in self.modules():
            if isinstance(module, Conv2d):
                init.msra_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, classes)."""
        x = F.relu(self.norm1(self.conv1(images)))
        x = self.stage3(self.stage2(self.stage1(x)))
        return self.classifier(x.mean((2, 3)))


def _stage(before: int, after: int, stride: int, blocks: int) -> Sequential:
    first = BasicBlock(before, after, stride)
    return Sequential(first, *(BasicBlock(after, after) for _ in range(blocks - 1)))
