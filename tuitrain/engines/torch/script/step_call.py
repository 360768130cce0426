# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""A script's call of `optimizer.step()`: what it means, and whether its loss can be taken."""

from __future__ import annotations

import sys
from typing import Any, Final

import torch

from tuitrain.errors import RefusedError

_PROBE: Final = "_init_optim_state"
"""The function of torch's distributed checkpoints that takes a step to allocate state."""


def drop_gradients(optimizer: torch.optim.Optimizer) -> None:
    """Drop the gradients of all parameters of an optimizer."""
    for entry in optimizer.param_groups:
        for parameter in entry["params"]:
            parameter.grad = None


def is_probe(optimizer: torch.optim.Optimizer) -> bool:
    """Whether a step only allocates state, as distributed checkpoints do."""
    if optimizer.state:
        return False
    frame = sys._getframe(1)
    for _ in range(12):
        if frame.f_code.co_name == _PROBE:
            return True
        if frame.f_back is None:
            break
        frame = frame.f_back
    return False


def check_scalar(loss: Any) -> torch.Tensor:
    """Return a loss if it is one number.

    Raises
    ------
    RefusedError : it is not
    """
    if not isinstance(loss, torch.Tensor):
        raise RefusedError(
            f"run.step takes the loss as a tensor of one number, but was given "
            f"{type(loss).__name__}"
        )
    if loss.numel() != 1:
        raise RefusedError(
            f"run.step takes the loss as one number, but was given a tensor of shape "
            f"{tuple(loss.shape)}; take its mean"
        )
    return loss
