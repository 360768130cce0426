"""Scaling: the speed over the sizes of batch and network, and over the number of groups.

The part is called "growth" in reports and on the command line.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..peers import TUITRAIN
from ..plan import Case, Plan
from ..protocol import Cell
from ..workloads.networks import mlp_name

PEERS = ("torch eager", "JAX jit")
"""torch.compile and JAX scan compile for minutes here."""


def cases(plan: Plan) -> Iterator[Case]:
    """Plan cells on one thread; quick: one cell of each kind."""
    for label, cell, quick in _cells():
        if quick or not plan.quick:
            yield plan.case(label, cell, 1, (TUITRAIN.name, *PEERS))
    for groups in (100,) if plan.quick else (10, 100, 1000):
        yield _grouped(plan, groups)


def _cells() -> Iterator[tuple[str, Cell, bool]]:
    """Yield the label of every cell, the cell, and whether it is a quick one."""
    for batch in (1, 4, 16, 64, 256, 1024):
        yield f"LeNet, B={batch}", Cell(network="lenet", batch=batch), batch == 256
    for first, second in ((12, 32), (24, 64), (48, 128)):
        network = f"lenet-{first}-{second}"
        yield f"LeNet of {first} and {second} channels, B=64", Cell(network=network), False
    for width in (64, 256, 1024, 2048):
        network = mlp_name(width, 2)
        yield f"MLP of 2 layers of {width}, B=64", Cell(network=network), width == 256
    for depth in (4, 8, 32, 64):
        network = mlp_name(64, depth)
        yield f"MLP of {depth} layers of 64, B=64", Cell(network=network), depth == 8


def _grouped(plan: Plan, groups: int) -> Case:
    """Compare a thousand parameters in ``groups`` groups with one group."""
    network = mlp_name(16, 499)
    many, one = Cell(network=network, groups=groups), Cell(network=network)
    label = f"1000 parameters in {groups} groups, B=64"
    return plan.self_comparison(label, {f"{groups} groups": many, "1 group": one}, None)
