"""Freezing: whether a step gets faster by what is not computed any more."""

from __future__ import annotations

from collections.abc import Iterator

from tuitrain.bench.networks import network, step_flops
from tuitrain.bench.peers import OURS
from tuitrain.bench.plan import Plan, timing
from tuitrain.bench.protocol import Cell
from tuitrain.bench.results import Row

NETWORKS = {"LeNet": "lenet", "MLP": "mlp-784-256-128-10"}


def measure(plan: Plan) -> Iterator[Row]:
    """Freeze more and more layers from the bottom; expected is the ratio of the operations."""
    # Two workers, so that neither has to make its step ready again in every round.
    with plan.workers(1, OURS.name) as (first,), plan.workers(1, OURS.name) as (second,):
        for name, called in NETWORKS.items():
            layers = network(called)
            for frozen in (2,) if plan.quick else range(1, len(layers)):
                label = f"{name}, B=64, {frozen} of {len(layers)} layers frozen"
                some, none = f"{frozen} frozen", "none frozen"
                trials = plan.trials(
                    {
                        some: timing(first, Cell(network=called, frozen=frozen), plan.seconds),
                        none: timing(second, Cell(network=called), plan.seconds),
                    },
                    label,
                )
                expected = step_flops(layers) / step_flops(layers, frozen)
                yield Row(cell=label, unit="s", subject=some, trials=trials, expected=expected)
