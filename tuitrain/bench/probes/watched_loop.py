# pyright: basic, reportMissingImports=false
"""Measure what `watch` costs a training loop in PyTorch, beside the same loop without it.

Usage: ``python -m tuitrain.bench.probes.watched_loop cost STEP_SECONDS SECONDS VIEWERS`` prints the
seconds that a step of about ``STEP_SECONDS`` takes longer (0: the shortest step). Blocks of both
loops alternate in one process. ``memory plain`` and ``memory watched`` print the peak memory of a
process that trains a large network, in bytes.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median

import torch
from torch import nn

import tuitrain

PAIRS = 8
"""Watched blocks; before and after each one is a block of the plain loop."""

SETTLE_STEPS = 3
PARAMETER = "0.weight"
WIDTH = 5000
"""The memory is that of a network of 50 million parameters."""


def main() -> None:
    """Measure, and print the number."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        if sys.argv[1] == "memory":
            print(_peak_memory(sys.argv[2] == "watched"))
        else:
            print(_cost(float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))


class _Loop:
    """A usual training loop over one batch."""

    def __init__(self, net: nn.Module, inputs: int, batch: int) -> None:
        self.net = net
        self.optimizer = torch.optim.AdamW(net.parameters(), 1e-4)
        self._inputs = torch.randn(batch, inputs)
        self._targets = torch.randint(0, 10, (batch,))

    def step(self) -> None:
        """Take a step."""
        self.optimizer.zero_grad()
        loss = nn.functional.cross_entropy(self.net(self._inputs), self._targets)
        loss.backward()
        self.optimizer.step()

    def mean_time(self, seconds: float) -> float:
        """Return the mean duration of a step, of as many as the seconds have.

        Most of what `watch` does is done in few steps, at the ends of turns: none is left out.
        """
        began = now = time.perf_counter()
        steps = 0
        while now < began + seconds:
            self.step()
            steps, now = steps + 1, time.perf_counter()
        return (now - began) / steps


def _cost(step_seconds: float, seconds: float, viewers: int) -> float:
    """Return the seconds that a step takes longer; 0 if it takes no longer.

    It is the median over the watched blocks, each beside the plain ones around it.
    """
    loop = _loop_of(step_seconds)
    block = seconds / (2 * PAIRS + 1)
    plain = [loop.mean_time(block)]
    watched: list[float] = []
    for _ in range(PAIRS):
        run = tuitrain.watch(loop.net, loop.optimizer)
        for _ in range(SETTLE_STEPS):
            loop.step()
        with _viewers(run.folder, viewers, loop.step):
            watched.append(loop.mean_time(block))
        run.finish()
        plain.append(loop.mean_time(block))
    around = [(before + after) / 2 for before, after in pairwise(plain)]
    return max(0.0, median(one - other for one, other in zip(watched, around, strict=True)))


def _loop_of(step_seconds: float) -> _Loop:
    """Return a loop whose steps take about this long; the shortest steps for 0."""
    if not step_seconds:
        return _Loop(nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 10)), 8, 4)
    batch = 256
    for _ in range(2):
        net = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
        loop = _Loop(net, 784, batch)
        loop.step()
        batch = max(1, round(batch * step_seconds / loop.mean_time(0.2)))
    return _Loop(net, 784, batch)


@contextmanager
def _viewers(folder: Path, number: int, step: Callable[[], None]) -> Generator[None]:
    """Attach viewers inside; steps are taken until they are connected."""
    if not number:
        yield
        return
    module = "tuitrain.bench.probes.attached_viewers"
    command = [sys.executable, "-m", module, "watch", str(folder), str(number), PARAMETER]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        try:
            while not process.stdout.read():
                if process.poll() is not None:
                    sys.exit("the viewers did not connect")
                step()
            yield
        finally:
            process.kill()


def _peak_memory(is_watched: bool) -> int:
    net = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH))
    loop = _Loop(net, WIDTH, 4)
    if is_watched:
        tuitrain.watch(net, loop.optimizer)
    for _ in range(10):
        loop.step()
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main()
