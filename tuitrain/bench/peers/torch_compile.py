"""PyTorch with compiled loss and gradients, and a compiled or fused update."""

# pyright: reportMissingImports=false

from __future__ import annotations

import torch
import torch._dynamo
from torch.nn.functional import cross_entropy

from ..peer_server import Training, Variants, serve
from ..protocol import Cell
from . import torch_networks as networks

# Fail past the limit; by default PyTorch continues eagerly, with a line in a log.
torch._dynamo.config.fail_on_recompile_limit_hit = True


def prepare(cell: Cell) -> Variants:
    """Return the variants of a cell."""
    torch._dynamo.reset()  # the recompile limit counts all closures of a function
    if cell.work == "adam":
        return {"compiled": lambda: networks.adam_alone(cell, compiled=True)}
    layouts = (True, False) if networks.has_convolutions(cell.network) else (False,)
    return {
        f"{how}{', channels_last' * last}": lambda last=last, how=how: _training(cell, last, how)
        for how in ("fused", "compiled update")
        for last in layouts
    }


def _training(cell: Cell, channels_last: bool, how: str) -> Training:
    model = networks.network(cell.network)
    if channels_last:
        model = model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    parameters = networks.trained(model, cell.frozen)
    optimizer = networks.optimizer(cell, parameters, fused=how == "fused")
    update = optimizer.step if how == "fused" else torch.compile(optimizer.step)
    batches = networks.stream(cell, channels_last)

    @torch.compile
    def loss(images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return cross_entropy(model(images), labels)

    def run(steps: int) -> int:
        for _ in range(steps):
            images, labels = next(batches)
            optimizer.zero_grad(set_to_none=True)
            loss(images, labels).backward()
            update()
        return steps

    return Training(run, lambda: networks.read(model))


if __name__ == "__main__":
    serve(prepare)
