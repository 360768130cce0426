"""Networks that are ready to be trained."""

from .lenet import LeNet
from .mlp import MLP

__all__ = ["LeNet", "MLP"]
