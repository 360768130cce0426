"""A command's effect on the next update, computed by two clones of an engine."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tuitrain.commands import AnyCommand
from tuitrain.predicates import always

from ..engine import Engine


def compare_next_updates(
    without: Engine, with_command: Engine, command: AnyCommand
) -> dict[str, tuple[float, float]]:
    """Have two clones take the next step, one of them after a command.

    Parameters
    ----------
    without, with_command : two clones in the same state; both are changed

    Returns
    -------
    For each group after the command its |Δw|/|w| in the step without the command, nan for a new
    group, and with it.

    Raises
    ------
    RefusedError : the command cannot be applied
    """
    with_command.apply(command)
    now, after = _take_step(without), _take_step(with_command)
    return {name: (now.get(name, math.nan), ratio) for name, ratio in after.items()}


def _take_step(engine: Engine) -> Mapping[str, float]:
    """Take a step, and return each group's |Δw|/|w| in it."""
    engine.run(1, always)
    return {group.name: group.update_ratio for group in engine.groups()}
