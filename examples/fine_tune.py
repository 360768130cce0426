"""A fine-tune by plan, in PyTorch: the commands are in ``fine_tune.toml``, and not in the loop.

    tuitrain run --headless examples/fine_tune.py
    tuitrain run examples/fine_tune.py

A network first learns the digits 0 to 4. Then its last layer is replaced, and it learns 5 to 9:
the backbone rests at first, while the new layer settles, and then follows at a tenth of the rate.
"""

import argparse

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import tuitrain
from tuitrain_core import data


def make_backbone() -> nn.Sequential:
    """Return the layers from images (N, 1, 28, 28) to features (N, 64)."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, stride=2),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 16, 5, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 4 * 4, 64),
        nn.ReLU(),
    )


def read_digits(low: int, high: int) -> tuple[TensorDataset, TensorDataset]:
    """Return the digits from ``low`` to ``high`` as images and labels from 0, to train and test."""

    def select(digits: data.Dataset) -> TensorDataset:
        labels = torch.from_numpy(digits.targets.astype("int64"))
        chosen = (labels >= low) & (labels <= high)
        pixels = torch.from_numpy(digits.inputs.reshape(-1, 1, 28, 28).astype("float32"))
        return TensorDataset(pixels[chosen] / 255, labels[chosen] - low)

    train, test = map(select, data.mnist_mini())
    return train, test


def train_alone(net: nn.Module, digits: TensorDataset, steps: int) -> None:
    """Train a network without a run: it is the one that a fine-tune starts from."""
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for _, (images, labels) in zip(
        range(steps), DataLoader(digits, 64, shuffle=True), strict=False
    ):
        optimizer.zero_grad()
        F.cross_entropy(net(images), labels).backward()
        optimizer.step()


def measure(net: nn.Module, digits: TensorDataset) -> float:
    """Return the share of digits that a network reads right."""
    images, labels = digits.tensors
    net.eval()
    with torch.no_grad():
        right = (net(images).argmax(1) == labels).sum().item()
    net.train()
    return right / len(labels)


def main() -> None:
    """Make a network, and fine-tune it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--plan", default="fine_tune.toml")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    net = nn.Sequential()
    net.add_module("backbone", make_backbone())
    net.add_module("head", nn.Linear(64, 5))
    train_alone(net, read_digits(0, 4)[0], 50)

    net.head = nn.Linear(64, 5)
    train, test = read_digits(5, 9)
    loader = DataLoader(train, 64, shuffle=True)
    optimizer = torch.optim.AdamW(
        [
            {"name": "backbone", "params": net.backbone.parameters()},
            {"name": "head", "params": net.head.parameters()},
        ],
        lr=1e-3,
    )
    with tuitrain.watch(net, optimizer, scenario=arguments.plan) as run:
        for images, labels in run.batches(loader, arguments.epochs):
            loss = F.cross_entropy(net(images), labels)
            loss.backward()
            run.step(loss)
            if run.steps_taken % len(loader) == 0:
                run.log(accuracy=measure(net, test))
    print(f"loss {loss.item():.3f} after {run.steps_taken} steps")


if __name__ == "__main__":
    main()
