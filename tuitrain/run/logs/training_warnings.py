"""Warnings about the training, for the log: it cannot learn, or its steps are not repeatable."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from tuitrain.engines.engine import Engine


class TrainingWarnings:
    """Warns once that a run cannot learn, and once that its steps are not repeatable.

    Parameters
    ----------
    engine : trains the model
    gives_losses : whether the engine computes the loss, and so all gradients of a step

    Attributes
    ----------
    on_warning : called with each warning, a sentence; does nothing by default
    """

    def __init__(self, engine: Engine, gives_losses: bool) -> None:
        self._engine = engine
        self._gives_losses = gives_losses
        self.on_warning: Callable[[str], None] = lambda _: None
        self._has_warned = self._has_differed = False

    def check_first_steps(self, losses: Sequence[float]) -> None:
        """Warn if the first steps, which had these losses, show that the run cannot learn."""
        problem = first_steps_problem(self._engine, losses, self._gives_losses)
        if problem and not self._has_warned:
            self._has_warned = True
            self.on_warning(problem)

    def note_difference(self, what: str) -> None:
        """Warn that a step has been trained again with another result, which ``what`` names."""
        if not self._has_differed:
            self._has_differed = True
            self.on_warning(
                f"{what}: steps of this run cannot be repeated exactly, so going back is not exact"
            )


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
