"""A small network, its data, and the training loop of the tutorial, with and without `watch`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tuitrain_core import data, functional, random, tensor
from tuitrain_core.autodiff import GradManager
from tuitrain_core.module import BatchNorm1d, Dropout, Linear, Module
from tuitrain_core.optimizer import SGD, Adam, MultipleOptimizer

EPOCHS, STEPS = 4, 20


class Net(Module):
    """Two linear layers with a norm layer and dropout between them."""

    def __init__(self) -> None:
        super().__init__()
        self.first = Linear(6, 8)
        self.norm = BatchNorm1d(8)
        self.drop = Dropout(0.2)
        self.last = Linear(8, 3)

    def forward(self, x):
        return self.last(self.drop(functional.relu(self.norm(self.first(x)))))


@dataclass
class Problem:
    """The parts of a script."""

    net: Net
    loader: data.DataLoader
    gm: GradManager
    optimizer: Any

    def weights(self) -> dict[str, bytes]:
        return {name: item.numpy().tobytes() for name, item in self.net.named_parameters()}

    def loss(self, inputs, targets):
        return functional.loss.cross_entropy(self.net(tensor(inputs)), tensor(targets))

    def train(self, inputs, targets):
        with self.gm:
            loss = self.loss(inputs, targets)
            self.gm.backward(loss)
        self.optimizer.step()
        self.optimizer.clear_grad()
        return loss.item()

    def train_epochs(self, epochs: int) -> list[float]:
        return [self.train(*batch) for _ in range(epochs) for batch in self.loader]


def make_problem() -> Problem:
    random.seed(0)
    net = Net()
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 3, 40)
    inputs = generator.standard_normal((40, 6)).astype(np.float32) + targets[:, None]
    loader = data.DataLoader(data.Dataset(inputs, targets), 8)
    layers = {layer: list(getattr(net, layer).parameters()) for layer in ("first", "norm", "last")}
    optimizer = MultipleOptimizer(
        SGD([{"params": layers["first"] + layers["norm"], "name": "body"}], lr=0.1, momentum=0.9),
        Adam(layers["last"], lr=0.01),
    )
    return Problem(net, loader, GradManager().attach(net.parameters()), optimizer)


def read_lines(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]
