"""The engines of PyTorch on the suite's problem: a script's loop in its own thread, a scenario."""

import threading
from collections.abc import Sequence
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from tests.conformance.problem import BATCH_SIZE, GROUPS, TEST, TRAIN, Plan
from tuitrain.commands import Freeze
from tuitrain.engines.engine import Engine
from tuitrain.engines.factory import EngineSpec, GroupSpec
from tuitrain.engines.registry import engine_factory
from tuitrain.engines.targets import match_names
from tuitrain.engines.torch.rng import OwnRandom
from tuitrain.engines.torch.script.batches import Batches
from tuitrain.engines.torch.script.engine import TorchScriptEngine
from tuitrain.metric_info import ACCURACY
from tuitrain_core.data import Dataset

torch.set_num_threads(1)

KINDS = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
}


class Small(nn.Module):
    """A convolution with a norm layer, dropout, and two linear layers."""

    def __init__(self, affine: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3)
        self.norm = nn.BatchNorm2d(3, affine=affine)
        self.drop = nn.Dropout(0.2)
        self.fc = nn.Linear(3 * 16, 8)
        self.head = nn.Linear(8, 4)

    def forward(self, images):
        x = torch.flatten(F.relu(self.norm(self.conv(images))), 1)
        return self.head(F.relu(self.fc(self.drop(x))))


class Samples(torch.utils.data.Dataset):
    """The suite's training samples."""

    def __init__(self) -> None:
        images, labels = TRAIN
        self.images = torch.from_numpy(images).float() / 255
        self.labels = torch.from_numpy(labels)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index):
        return self.images[index], self.labels[index]


def make_engine(groups: Sequence[Plan] = GROUPS, seed: int = 0, affine: bool = True) -> Engine:
    random = OwnRandom(seed + 42)
    with random.scope():
        net = Small(affine)
    order = torch.Generator()
    order.manual_seed(seed)
    loader = torch.utils.data.DataLoader(Samples(), BATCH_SIZE, shuffle=True, generator=order)
    optimizers = make_optimizers(net, groups)
    batches = Batches(loader)
    engine = TorchScriptEngine(net, optimizers, len(loader), [ACCURACY], batches, random=random)
    engine.loop.install(lambda: None)
    for plan in groups:
        if plan.frozen:
            engine.apply(Freeze(plan.name))

    def loop() -> None:
        error = None
        try:
            while True:
                engine.loop.visit()
                if (batch := engine.loop.next_batch()) is None:
                    break
                images, labels = batch
                for optimizer in optimizers:
                    optimizer.zero_grad()
                with random.scope():
                    F.cross_entropy(net(images), labels).backward()
                    for optimizer in optimizers:
                        optimizer.step()
        except Exception as raised:
            error = raised
        engine.loop.end(error)

    threading.Thread(target=loop, daemon=True).start()
    return engine


def make_optimizers(net, groups: Sequence[Plan]) -> list[torch.optim.Optimizer]:
    left = dict(net.named_parameters())
    made = []
    for plan in groups:
        names = [name for name in left if any(match_names(glob, [name]) for glob in plan.globs)]
        members = [left.pop(name) for name in names]
        made.append(
            KINDS[plan.optimizer]([{"params": members, "name": plan.name}], **plan.settings)
        )
    return made


def make_scenario_engine(
    groups: Sequence[Plan] = GROUPS, seed: int = 0, affine: bool = True
) -> Engine:
    plans = [GroupSpec(*plan) for plan in groups]
    train, test = Dataset(*TRAIN), Dataset(*TEST)
    model = partial(Small, affine)
    spec = EngineSpec(model, train, test, plans, seed=seed + 48, batch_size=BATCH_SIZE)
    return engine_factory("torch").build(spec)
