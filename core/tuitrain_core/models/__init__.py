"""Networks for images."""

from .cnn import CNN
from .lenet import LeNet
from .mlp import MLP
from .resnet import ResNet
from .transformer import Transformer

__all__ = ["CNN", "LeNet", "MLP", "ResNet", "Transformer"]
