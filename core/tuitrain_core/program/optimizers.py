"""The step of optimizers, by the native kernels of a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..optimizer import Optimizer, ParameterState
from ..tensor import Parameter
from .clipping import Clipping
from .program import Program
from .updates import ParameterUpdate, recordable


def step_natively(
    program: Program, optimizers: Sequence[Optimizer], clip: Clipping | None = None
) -> bool:
    """Take each optimizer's step, if the gradients are the program's and all have kernels.

    Returns
    -------
    Whether it was taken; if not, nothing was updated.

    Raises
    ------
    CoreError : a hyper-parameter is not allowed; nothing was updated
    """
    for optimizer in optimizers:
        optimizer.check()
    if not program.has_gradients_of(p for each in optimizers for p in each.parameters()):
        return False
    prepared = [each for optimizer in optimizers for each in _prepared(optimizer)]
    if not all(recordable(each.parameter, each.update) for each in prepared):
        for optimizer in optimizers:
            for param in _updated(optimizer):
                optimizer.state[param].step -= 1
        return False
    program.update(prepared, clip=clip)
    for optimizer in optimizers:
        optimizer.statistics = {param: program.statistics(param) for param in _updated(optimizer)}
    return True


def _updated(optimizer: Optimizer) -> list[Parameter]:
    return [param for param in optimizer.parameters() if param.grad is not None]


def _prepared(optimizer: Optimizer) -> Iterator[ParameterUpdate]:
    """Prepare the update of each parameter that has a gradient; it counts already."""
    for group in optimizer.param_groups:
        for param in group["params"]:
            if param.grad is not None:
                state = optimizer.state.setdefault(param, ParameterState())
                state.step += 1
                prepared = optimizer.prepare(param.numpy(), state, group)
                with np.errstate(over="ignore"):  # an lr beyond every float shows in the weights
                    yield ParameterUpdate(param, prepared, np.array([prepared.scalars], np.float32))
