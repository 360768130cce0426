"""Freezing: the speedup of a step when layers are frozen."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan import Case, Plan
from ..protocol import Cell
from ..workloads.networks import network_layers, step_flops

NETWORKS = {"LeNet": "lenet", "MLP": "mlp-784-256-128-10"}


def cases(plan: Plan) -> Iterator[Case]:
    """Plan more and more frozen layers from the bottom; the operation counts predict the ratio."""
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
