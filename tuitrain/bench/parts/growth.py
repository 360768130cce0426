"""Growth: how the speed follows the size of the batch, of the network, and the number of groups."""

from __future__ import annotations

from collections.abc import Iterator

from tuitrain.bench.peers import OURS
from tuitrain.bench.plan import Case, Plan
from tuitrain.bench.protocol import Cell
from tuitrain.bench.workloads.networks import mlp

BESIDE = ("torch eager", "JAX jit")
"""torch.compile and JAX scan would compile for minutes here."""


def cases(plan: Plan) -> Iterator[Case]:
    """Plan cells on one thread; quick: one of each kind."""
    for label, cell, quick in _cells():
        if quick or not plan.quick:
            yield plan.case(label, cell, 1, (OURS.name, *BESIDE))
    for groups in (100,) if plan.quick else (10, 100, 1000):
        yield _grouped(plan, groups)


def _cells() -> Iterator[tuple[str, Cell, bool]]:
    """Name every cell, and say whether it is a quick one."""
    for batch in (1, 4, 16, 64, 256, 1024):
        yield f"LeNet, B={batch}", Cell(network="lenet", batch=batch), batch == 256
    for first, second in ((12, 32), (24, 64), (48, 128)):
        network = f"lenet-{first}-{second}"
        yield f"LeNet of {first} and {second} channels, B=64", Cell(network=network), False
    for width in (64, 256, 1024, 2048):
        network = mlp(width, 2)
        yield f"MLP of 2 layers of {width}, B=64", Cell(network=network), width == 256
    for depth in (4, 8, 32, 64):
        network = mlp(64, depth)
        yield f"MLP of {depth} layers of 64, B=64", Cell(network=network), depth == 8


def _grouped(plan: Plan, groups: int) -> Case:
    """Train a thousand parameters in so many groups, and in one."""
    network = mlp(16, 499)
    many, one = Cell(network=network, groups=groups), Cell(network=network)
    label = f"1000 parameters in {groups} groups, B=64"
    return plan.case_of_ours(label, {f"{groups} groups": many, "1 group": one}, None)
