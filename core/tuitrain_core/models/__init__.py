"""Networks for images, curves, rows of numbers and text."""

from .cnn import CNN
from .conv1d import ConvNet1d
from .lenet import LeNet
from .mlp import MLP
from .resnet import ResNet
from .transformer import CharTransformer, Transformer

__all__ = ["CNN", "CharTransformer", "ConvNet1d", "LeNet", "MLP", "ResNet", "Transformer"]
