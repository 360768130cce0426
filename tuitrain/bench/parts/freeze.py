"""Freezing: whether a step gets faster by what is not computed any more."""

from __future__ import annotations

from collections.abc import Iterator

from tuitrain.bench.plan import Case, Plan
from tuitrain.bench.protocol import Cell
from tuitrain.bench.workloads.networks import network, step_flops

NETWORKS = {"LeNet": "lenet", "MLP": "mlp-784-256-128-10"}


def cases(plan: Plan) -> Iterator[Case]:
    """Freeze more and more layers from the bottom; expected is the ratio of the operations."""
    for name, called in NETWORKS.items():
        layers = network(called)
        for frozen in (2,) if plan.quick else range(1, len(layers)):
            yield plan.case_of_ours(
                f"{name}, B=64, {frozen} of {len(layers)} layers frozen",
                {
                    f"{frozen} frozen": Cell(network=called, frozen=frozen),
                    "none frozen": Cell(network=called),
                },
                expected=step_flops(layers) / step_flops(layers, frozen),
            )
