"""PyTorch in eager mode."""

# pyright: reportMissingImports=false

from __future__ import annotations

from torch.nn.functional import cross_entropy

from ..peer_server import Training, Variants, serve
from ..protocol import Cell
from . import torch_networks as networks


def prepare(cell: Cell) -> Variants:
    """Return the variants of a cell."""
    if cell.work == "adam":
        return {
            "fused": lambda: networks.adam_alone(cell, compiled=False, fused=True),
            "foreach": lambda: networks.adam_alone(cell, compiled=False, foreach=True),
        }
    layouts = (True, False) if networks.has_convolutions(cell.network) else (False,)
    return {
        f"{how}{', channels_last' * last}": lambda last=last, how=how: _training(cell, last, how)
        for how in ("fused", "foreach")
        for last in layouts
    }


def _training(cell: Cell, channels_last: bool, how: str) -> Training:
    model = networks.network(cell.network)
    if channels_last:
        layout = networks.torch.channels_last
        model = model.to(memory_format=layout)  # pyright: ignore[reportCallIssue]
    optimizer = networks.optimizer(cell, networks.trained(model, cell.frozen), **{how: True})
    batches = networks.stream(cell, channels_last)

    def run(steps: int) -> int:
        for _ in range(steps):
            images, labels = next(batches)
            optimizer.zero_grad(set_to_none=True)
            cross_entropy(model(images), labels).backward()
            optimizer.step()
        return steps

    return Training(run, lambda: networks.read(model))


if __name__ == "__main__":
    serve(prepare)
