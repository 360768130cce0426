"""The embedded engine on the suite's problem."""

from collections.abc import Sequence

from tests.conformance.problem import BATCH_SIZE, GROUPS, TEST, TRAIN, Plan
from tuitrain.engines.engine import Engine
from tuitrain.engines.factory import EngineSpec, GroupSpec
from tuitrain.engines.registry import engine_factory
from tuitrain_core import functional as F
from tuitrain_core.data import Dataset
from tuitrain_core.module import BatchNorm2d, Conv2d, Dropout, Linear, Module


class Small(Module):
    """A convolution with a norm layer, dropout, and two linear layers."""

    affine = True

    def __init__(self) -> None:
        super().__init__()
        self.conv = Conv2d(1, 3, 3)
        self.norm = BatchNorm2d(3, affine=self.affine)
        self.drop = Dropout(0.2)
        self.fc = Linear(3 * 16, 8)
        self.head = Linear(8, 4)

    def forward(self, images):
        x = F.flatten(F.relu(self.norm(self.conv(images))), 1)
        return self.head(F.relu(self.fc(self.drop(x))))


class Plain(Small):
    """The same network with a norm layer without parameters."""

    affine = False


def make_engine(
    groups: Sequence[Plan] = GROUPS,
    seed: int = 0,
    model: type[Module] = Small,
    batch_size: int = BATCH_SIZE,
    affine: bool = True,
) -> Engine:
    plans = [GroupSpec(*plan) for plan in groups]
    train, test = Dataset(*TRAIN), Dataset(*TEST)
    model = model if affine else Plain
    spec = EngineSpec(model, train, test, plans, seed=seed, batch_size=batch_size)
    return engine_factory("embedded").build(spec)
