"""A small network in PyTorch, its data, and a usual training loop, with and without `watch`."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)

EPOCHS, PER_EPOCH = 4, 5
STEPS = EPOCHS * PER_EPOCH


class Net(nn.Module):
    """Two linear layers with a norm layer and dropout between them."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 8)
        self.norm = nn.BatchNorm1d(8)
        self.drop = nn.Dropout(0.2)
        self.last = nn.Linear(8, 3)

    def forward(self, x):
        return self.last(self.drop(F.relu(self.norm(self.first(x)))))


@dataclass
class Problem:
    """The parts of a script."""

    net: nn.Module
    loader: DataLoader
    optimizer: torch.optim.Optimizer
    losses: list[float] = field(default_factory=list)

    def weights(self) -> dict[str, bytes]:
        return {name: item.detach().numpy().tobytes() for name, item in bits(self.net)}

    def differentiate(self, batch) -> torch.Tensor:
        inputs, targets = batch
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.net(inputs), targets)
        loss.backward()
        self.losses.append(loss.item())
        return loss

    def train(self, batch) -> None:
        self.differentiate(batch)
        self.optimizer.step()

    def train_epochs(self, epochs: int = EPOCHS) -> None:
        for _ in range(epochs):
            for batch in self.loader:
                self.train(batch)

    def keeps(self, weight: torch.Tensor) -> bool:
        """Train an epoch, and return whether a tensor keeps its values."""
        before = weight.detach().clone()
        self.train_epochs(1)
        return torch.equal(weight, before)


def bits(net: nn.Module):
    yield from net.named_parameters()
    yield from net.named_buffers()


def make_data(samples: int = 40) -> TensorDataset:
    generator = torch.Generator().manual_seed(0)
    targets = torch.randint(0, 3, (samples,), generator=generator)
    inputs = torch.randn(samples, 6, generator=generator) + targets[:, None]
    return TensorDataset(inputs, targets)


def make_problem(
    kind: type[torch.optim.Optimizer] = torch.optim.SGD,
    net: Callable[[], nn.Module] = Net,
    **settings,
) -> Problem:
    torch.manual_seed(0)
    made = net()
    if not settings:
        settings = {"lr": 0.1, "momentum": 0.9}
    loader = DataLoader(make_data(), 8, shuffle=True)
    return Problem(made, loader, kind(groups_of(made), **settings))


def groups_of(net: nn.Module) -> list[dict]:
    """Return ``body``, all but the last layer, and ``last``."""
    named = dict(net.named_parameters())
    return [
        {"params": [p for n, p in named.items() if not n.startswith("last")], "name": "body"},
        {"params": [p for n, p in named.items() if n.startswith("last")], "name": "last"},
    ]


def body_of(problem) -> dict[str, bytes]:
    """Return the bytes of all parameters but those of the last layer."""
    return {
        name: item.detach().numpy().tobytes()
        for name, item in problem.net.named_parameters()
        if not name.startswith("last")
    }
