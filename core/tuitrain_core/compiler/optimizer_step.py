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
    """Take each optimizer's step by native kernels, if every update has one.

    Returns
    -------
    False, with nothing updated, if a rule has no kernel, or a gradient is not one of the program's;
    see `Program.load_gradients`.

    Raises
    ------
    CoreError : a hyper-parameter is not allowed; nothing was updated
    """
    for optimizer in optimizers:
        optimizer.check()
    if not program.load_gradients(p for optimizer in optimizers for p in optimizer.parameters()):
        return False
    pending = {optimizer: _pending_updates(optimizer) for optimizer in optimizers}
    updates = prepare_updates([update for group in pending.values() for update in group])
    if updates is None:
        return False
    program.update(updates, clip=clip)
    for optimizer, group in pending.items():
        parameters = [update.parameter for update in group]
        optimizer.statistics = {
            parameter: program.statistics(parameter) for parameter in parameters
        }
    return True


def _pending_updates(optimizer: Optimizer) -> list[PendingUpdate]:
    """Return the update of each parameter that has a gradient."""
    return [
        PendingUpdate(parameter, optimizer, group)
        for group in optimizer.param_groups
        for parameter in group["params"]
        if parameter.grad is not None
    ]
