"""A small network on small data: an engine that a test can make in milliseconds."""

from collections.abc import Sequence

import numpy as np
import pytest

from tuitrain.engines.embedded import EmbeddedEngine, GroupPlan
from tuitrain_core import functional as F
from tuitrain_core.data import Dataset
from tuitrain_core.module import BatchNorm2d, Conv2d, Dropout, Linear, Module


class Small(Module):
    """A convolution with a norm layer, dropout, and two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = Conv2d(1, 3, 3)
        self.norm = BatchNorm2d(3)
        self.drop = Dropout(0.2)
        self.fc = Linear(3 * 16, 8)
        self.head = Linear(8, 4)

    def forward(self, images):
        x = F.flatten(F.relu(self.norm(self.conv(images))), 1)
        return self.head(F.relu(self.fc(self.drop(x))))


def digits(count: int, seed: int) -> Dataset:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 4, count).astype(np.int64)
    images = generator.integers(0, 60, (count, 1, 6, 6)).astype(np.uint8)
    images[np.arange(count), 0, labels, labels] = 255
    return Dataset(images, labels)


PLANS = (
    GroupPlan("conv", ("conv.*", "norm.*"), "sgd", {"lr": 0.1, "momentum": 0.9}),
    GroupPlan("fc", ("*",), "adam", {"lr": 0.01, "weight_decay": 0.01}),
)


def make_engine(plans: Sequence[GroupPlan] = PLANS, seed: int = 0) -> EmbeddedEngine:
    return EmbeddedEngine(Small, digits(50, 1), digits(30, 2), plans, seed=seed, batch_size=8)


@pytest.fixture
def engine() -> EmbeddedEngine:
    return make_engine()
