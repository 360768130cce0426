"""The step of optimizers, by the native kernels of a program."""

from __future__ import annotations

from collections.abc import Sequence

from ..optimizer import Optimizer
from .planning.clipping import Clipping
from .planning.pending_updates import PendingUpdate, prepare_updates
from .program import Program


def step_natively(
    program: Program, optimizers: Sequence[Optimizer], clip: Clipping | None = None
) -> bool:
    """Take each optimizer's step, if all parameters with a gradient have kernels and a place.

    Returns
    -------
    Whether it was taken; if not, nothing was updated.

    Raises
    ------
    CoreError : a hyper-parameter is not allowed; nothing was updated
    """
    for optimizer in optimizers:
        optimizer.check()
    if not program.load_gradients(p for each in optimizers for p in each.parameters()):
        return False
    coming = {optimizer: _coming(optimizer) for optimizer in optimizers}
    updates = prepare_updates([each for updated in coming.values() for each in updated])
    if updates is None:
        return False
    program.update(updates, clip=clip)
    for optimizer, updated in coming.items():
        optimizer.statistics = {u.parameter: program.statistics(u.parameter) for u in updated}
    return True


def _coming(optimizer: Optimizer) -> list[PendingUpdate]:
    """Return the update of each parameter that has a gradient."""
    return [
        PendingUpdate(param, optimizer, group)
        for group in optimizer.param_groups
        for param in group["params"]
        if param.grad is not None
    ]
