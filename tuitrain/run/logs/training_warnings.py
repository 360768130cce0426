"""Warnings about the training, for the log: the first steps show that the loss cannot train."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tuitrain.engines.engine import Engine


def first_steps_problem(engine: Engine, losses: Sequence[float], gives_losses: bool) -> str:
    """Return why a run cannot learn, after its first burst of steps; "" if it can.

    Parameters
    ----------
    losses : of the steps
    gives_losses : whether the engine computes the loss, and so all gradients of a step
    """
    if not math.isfinite(losses[0]):
        number = "NaN" if math.isnan(losses[0]) else "infinite"
        lasts = not any(map(math.isfinite, losses))
        return f"the loss is {number} {'from the first step on' if lasts else 'in the first step'}"
    if not gives_losses:
        return ""
    gradients = [engine.gradient(name) for name in engine.parameters()]
    if any(gradient is not None and gradient.any() for gradient in gradients):
        return ""
    if _is_all_frozen(engine):
        return ""
    if all(gradient is None for gradient in gradients):
        return "the loss gives no gradient to any parameter, so nothing is trained"
    return f"every gradient is 0 in step {engine.step}, so nothing is trained"


def _is_all_frozen(engine: Engine) -> bool:
    rows = (row for group in engine.groups() for row in group.parameters)
    return all(row.frozen_since is not None for row in rows)
