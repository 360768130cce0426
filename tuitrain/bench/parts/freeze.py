"""Freezing: the speedup of a step when layers are frozen."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ..plan import Case, Plan
from ..protocol import Cell
from ..workloads.networks import RESNET, network_layers, step_flops

NETWORKS = {"LeNet": "lenet", "MLP": "mlp-784-256-128-10"}


CACHED = {
    "LeNet, B=64, 2 of 5 layers": Cell(network="lenet", frozen=2),
    "LeNet, B=64, 4 of 5 layers": Cell(network="lenet", frozen=4),
    "MLP, B=64, 2 of 3 layers": Cell(network="mlp-784-256-128-10", frozen=2),
    "ResNet-8, B=64, body": Cell(network=RESNET, frozen=1, samples=4096),
}
"""Frozen layers whose outputs are kept: a step reads them, and computes the layers above."""


def cases(plan: Plan) -> Iterator[Case]:
    """Plan more and more frozen layers from the bottom; the operation counts predict the ratio.

    In the last cells the outputs of the frozen layers are kept, beside whole steps.
    """
    yield from _frozen(plan)
    for title, cell in list(CACHED.items())[: 1 if plan.quick else None]:
        whole = msgspec.structs.replace(cell, frozen=0)
        cached = msgspec.structs.replace(cell, cached=True)
        cells = {"cached": cached, "none frozen": whole}
        yield plan.self_comparison(f"{title} frozen, cached", cells, expected=None)


def _frozen(plan: Plan) -> Iterator[Case]:
    for title, network in NETWORKS.items():
        layers = network_layers(network)
        for frozen in (2,) if plan.quick else range(1, len(layers)):
            yield plan.self_comparison(
                f"{title}, B=64, {frozen} of {len(layers)} layers frozen",
                {
                    f"{frozen} frozen": Cell(network=network, frozen=frozen),
                    "none frozen": Cell(network=network),
                },
                expected=step_flops(layers) / step_flops(layers, frozen),
            )
