"""A convolutional network that reads digits, in PyTorch, steered with three lines.

    tuitrain run examples/mnist_cnn.py
    python examples/mnist_cnn.py --epochs 3

The three lines are marked. Without them it is a usual training script. It reads the ten thousand
digits in the package; ``--data FOLDER`` reads the four files of the whole MNIST.
"""

import argparse
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import tuitrain
from tuitrain_core import data


class DigitNet(nn.Module):
    """Two convolutions, a maximum, and two linear layers with dropout before each."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3)
        self.conv2 = nn.Conv2d(16, 32, 3)
        self.drop = nn.Dropout(0.25)
        self.hidden = nn.Linear(32 * 12 * 12, 64)
        self.output = nn.Linear(64, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the scores of the ten digits: (N, 1, 28, 28) to (N, 10)."""
        x = F.relu(self.conv1(images))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.hidden(self.drop(x.flatten(1))))
        return self.output(self.drop(x))


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--lr", type=float, default=1.0)
    parser.add_argument("--gamma", type=float, default=0.7, help="factor of the lr after an epoch")
    parser.add_argument("--samples", type=int, help="train with the first N digits only")
    parser.add_argument("--data", type=Path, help="a folder with the four files of MNIST")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def to_tensors(digits: data.Dataset, count: int | None) -> TensorDataset:
    """Return digits as images around 0 and labels."""
    pixels = torch.from_numpy(digits.inputs[:count].reshape(-1, 1, 28, 28).astype("float32"))
    images = (pixels / 255 - 0.1307) / 0.3081
    return TensorDataset(images, torch.from_numpy(digits.targets[:count].astype("int64")))


def measure(net: nn.Module, loader: DataLoader) -> float:
    """Return the share of digits that a network reads right."""
    net.eval()
    with torch.no_grad():
        right = sum((net(x).argmax(1) == y).sum().item() for x, y in loader)
    net.train()
    return right / len(loader.dataset)


def main() -> None:
    """Train, and print the accuracy after each epoch."""
    arguments = read_arguments()
    torch.manual_seed(arguments.seed)
    digits = data.load_idx_folder(arguments.data) if arguments.data else data.mnist_mini()
    train, test = (to_tensors(part, arguments.samples) for part in digits)
    loader = DataLoader(train, arguments.batch_size, shuffle=True)
    test_loader = DataLoader(test, 500)

    net = DigitNet()
    optimizer = torch.optim.Adadelta(net.parameters(), lr=arguments.lr)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, len(loader), arguments.gamma)

    run = tuitrain.watch(net, optimizer, schedulers=scheduler)  # 1: the run can be steered
    for images, labels in run.batches(loader, arguments.epochs):  # 2: and go back
        loss = F.cross_entropy(net(images), labels)
        loss.backward()
        run.step(loss)  # 3: steps the optimizer, and clears the gradients
        scheduler.step()
        if run.steps_taken % len(loader) == 0:
            accuracy = measure(net, test_loader)
            run.log(accuracy=accuracy)
            print(f"epoch {run.steps_taken // len(loader)}: accuracy {accuracy:.2%}")
    torch.save(net.state_dict(), run.folder / "digits.pt")


if __name__ == "__main__":
    main()
