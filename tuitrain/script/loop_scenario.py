"""The scenario in the record of a script's run, for readers: no run can be made of it."""

from __future__ import annotations

from collections.abc import Sequence

from tuitrain.engines.registry import SCRIPT_ENGINE
from tuitrain.engines.views import GroupView
from tuitrain.run.snapshot import RunInfo
from tuitrain.scenario.schema import Group, Scenario


def loop_scenario(info: RunInfo, groups: Sequence[GroupView]) -> Scenario:
    """Return the scenario of a loop.

    Parameters
    ----------
    info : the facts of the run
    groups : before the first step
    """
    return Scenario(
        schema=1,
        name=info.name,
        optimizer={"name": groups[0].optimizer, "lr": groups[0].lr},
        description=f"Trained by the loop of {info.data}; only this script repeats it.",
        model=info.model,
        data=info.data,
        batch_size=info.batch_size,
        engine=SCRIPT_ENGINE,
        steps=info.total_steps,
        metrics=tuple(item.name for item in info.metrics),
        group=tuple(
            Group(
                group.name,
                tuple(row.name for row in group.parameters),
                group.lr,
                {"name": group.optimizer},
            )
            for group in groups
        ),
    )
