"""Growth: how the speed follows the size of the batch, of the network, and the number of groups."""

from __future__ import annotations

from collections.abc import Iterator

from tuitrain.bench.networks import mlp
from tuitrain.bench.peers import OURS
from tuitrain.bench.plan import Plan, timing
from tuitrain.bench.protocol import Cell
from tuitrain.bench.results import Row

BESIDE = ("torch eager", "JAX jit")
"""torch.compile and JAX scan would compile for minutes here."""


def measure(plan: Plan) -> Iterator[Row]:
    """Measure on one thread; quick: one cell of each kind."""
    cells = [_cell for _cell in _cells() if not plan.quick or _cell[2]]
    with plan.workers(1, OURS.name, *BESIDE) as workers:
        for label, cell, _ in cells:
            yield plan.compare(workers, label, cell)
    for groups in (100,) if plan.quick else (10, 100, 1000):
        yield _grouped(plan, groups)


def _cells() -> Iterator[tuple[str, Cell, bool]]:
    """Name every cell, and say whether it is a quick one."""
    for batch in (1, 4, 16, 64, 256, 1024):
        yield f"LeNet, B={batch}", Cell(network="lenet", batch=batch), batch == 256
    for width in (64, 256, 1024, 2048):
        network = mlp(width, 2)
        yield f"MLP of 2 layers of {width}, B=64", Cell(network=network), width == 256
    for depth in (2, 8, 32, 64):
        network = mlp(64, depth)
        yield f"MLP of {depth} layers of 64, B=64", Cell(network=network), depth == 8


def _grouped(plan: Plan, groups: int) -> Row:
    """Train a thousand parameters in so many groups, and in one."""
    many, one = f"{groups} groups", "1 group"
    network = mlp(16, 499)
    with plan.workers(1, OURS.name) as (first,), plan.workers(1, OURS.name) as (second,):
        label = f"1000 parameters in {groups} groups, B=64"
        trials = plan.trials(
            {
                many: timing(first, Cell(network=network, groups=groups), plan.seconds),
                one: timing(second, Cell(network=network), plan.seconds),
            },
            label,
        )
    return Row(cell=label, unit="s", subject=many, trials=trials)
