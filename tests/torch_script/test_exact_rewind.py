"""A rewind over many steps of a convolutional network is exact."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import tuitrain
from tests.script.test_live import fly
from tests.torch_script.problem import Problem
from tests.torch_script.test_live import wait_for_step
from tuitrain.run.snapshot import Phase

__all__ = ["fly"]

BACK, END = 40, 240


class Digits(nn.Module):
    """A small network for images of 28 x 28 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 4, 5, stride=3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.fc = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(4 * 16, 10))

    def forward(self, images):
        return self.fc(self.conv(images))


def make_digits() -> Problem:
    torch.manual_seed(0)
    labels = torch.randint(0, 10, (256,))
    images = torch.randn(256, 1, 28, 28) + labels[:, None, None, None] / 5
    net = Digits()
    loader = DataLoader(TensorDataset(images, labels), 8, shuffle=True)
    return Problem(net, loader, torch.optim.AdamW(net.parameters(), lr=0.01))


def test_a_rewind_of_two_hundred_steps_is_exact(fly):
    problem = make_digits()

    def script() -> None:
        run = tuitrain.watch(problem.net, problem.optimizer, plan={END: "pause"})
        for batch in run.batches(problem.loader, epochs=10):
            run.step(problem.differentiate(batch))

    deck = fly(script)
    first = deck.wait_for(Phase.PAUSED).loss.values.tolist()
    weights = problem.weights()
    assert deck.do(f"rewind {BACK}").outcome == "applied"
    assert problem.weights() != weights
    assert deck.do(f"step {END - BACK}").outcome == "applied"
    assert wait_for_step(deck, END).loss.values.tolist() == first
    assert problem.weights() == weights
