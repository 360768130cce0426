"""Throughput of whole steps over networks, batches and threads, beside the peers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final

from ..plan import Case, Plan, format_threads
from ..protocol import Cell

NETWORKS: Final = {
    "LeNet": "lenet",
    "MLP": "mlp-784-256-128-10",
    "CNN": "cnn",
    "ResNet-8": "resnet-8",
}

RESNET_SAMPLES: Final = 2048
"""Its images are four times as large."""


def cases(plan: Plan) -> Iterator[Case]:
    """Plan all networks, batches from 1 to 256, SGD and Adam; quick: a few cells."""
    if plan.quick:
        cells = [("LeNet", "sgd", 64), ("MLP", "adam", 64)]
    else:
        cells = [
            *product(("LeNet", "MLP", "CNN"), ("sgd", "adam"), (1, 32, 64, 256)),
            *product(("ResNet-8",), ("sgd",), (32, 64)),
        ]
    has_libraries = any(peer.needs for peer in plan.peers)  # otherwise NumPy is the only peer
    for threads in (1,) if plan.quick else plan.threads:
        for name, optimizer, batch in cells:
            label = f"{name}, {optimizer}, B={batch}, {format_threads(threads)}"
            cell = Cell(
                network=NETWORKS[name],
                optimizer=optimizer,  # type: ignore[arg-type]
                batch=batch,
                samples=RESNET_SAMPLES if name == "ResNet-8" else 16384,
            )
            reasons = _left_out(name, batch)
            if not has_libraries and name != "ResNet-8":
                reasons.pop("NumPy", None)
            yield plan.case(label, cell, threads, left_out=reasons)


def _left_out(network: str, batch: int) -> dict[str, str]:
    """Return reasons by peer not to measure a cell: it is slow, and other peers were faster."""
    if network == "ResNet-8":
        reason = "has no residual network here"
        return {"JAX jit": reason, "JAX scan": reason, "NumPy": reason}
    reasons = {} if batch == 64 else {"NumPy": "measured at B=64 only"}
    if network != "MLP" and batch > 1:
        reasons["JAX scan"] = "a convolution in a scan takes 4 to 16 times as long as in JAX jit"
    if network == "CNN" and batch != 64:
        reasons["torch.compile"] = "compiles for long; measured at B=64"
    elif network == "MLP" or batch == 1:
        reasons["torch.compile"] = "compiles for long, and JAX was ahead of it in an earlier trial"
    return reasons
