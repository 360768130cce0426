"""Views of a group, with its settings and its last update, and of a parameter."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from tuitrain_core.optimizer import UpdateStatistics
from tuitrain_core.schedule import Schedule, to_record

from ..array_statistics import describe_array
from ..targets import KnownNames
from ..views import GroupView, OptimizerChoice, ParameterRow, ParameterView
from .freezing import FrozenParameters
from .groups import Group, GroupTable
from .rules import Opt, Param, ParameterArrays


def describe_group(
    group: Group[Opt],
    table: GroupTable[Param, Opt],
    arrays: ParameterArrays,
    frozen: FrozenParameters,
    step: int,
) -> GroupView:
    """Describe a group at the boundary before step ``step``."""
    updates = {
        name: statistics
        for name in group.members
        if frozen.since(name) is None
        and (statistics := table.rules.sizes_of(group.optimizer, table.parameters[name]))
        is not None
    }
    rows = tuple(
        _row(name, arrays.shape(name), table.aliases[name], frozen, updates.get(name))
        for name in group.members
    )
    some_frozen = any(name in frozen for name in group.members)
    some_by_script = any(name in frozen.by_script for name in group.members)
    is_intact = frozen.intact(group.members) if some_frozen else None
    return GroupView(
        name=group.name,
        parameters=rows,
        size=sum(row.size for row in rows),
        optimizer=group.rule,
        settings=table.rules.settings_text(group.optimizer),
        schedule=group.schedule.label,
        lr=group.schedule.lr(step),
        update_ratio=_update_ratio(list(updates.values())),
        grad_norm=math.hypot(*(update.grad_norm for update in updates.values()))
        if updates
        else math.nan,
        frozen_since=frozen.all_since(group.members),
        frozen_intact=None if is_intact and some_by_script else is_intact,
        schedule_record=_record(group.schedule),
        is_frozen_by_script=some_by_script,
    )


def describe_parameter(
    name: str,
    arrays: ParameterArrays,
    group: str,
    aliases: tuple[str, ...],
    frozen_since: int | None,
    step: int,
) -> ParameterView:
    """Describe a parameter in full, with its values and its gradient, as they are now."""
    gradient = arrays.gradient(name)
    return ParameterView(
        name=name,
        shape=arrays.shape(name),
        group=group,
        step=step,
        frozen_since=frozen_since,
        value=describe_array(arrays.value(name)),
        grad=None if gradient is None else describe_array(gradient),
        aliases=aliases,
    )


def known_names(table: GroupTable[Any, Any], choices: Iterable[OptimizerChoice]) -> KnownNames:
    """Return the names that a command may use."""
    return KnownNames(table.names, table.aliases, [choice.name for choice in choices])


@lru_cache(4096)
def _record(schedule: Schedule) -> Mapping[str, Any]:
    """Return a schedule's record, cached: it is read 12 times a second and rarely changes."""
    return MappingProxyType(to_record(schedule))


def _row(
    name: str,
    shape: tuple[int, ...],
    aliases: tuple[str, ...],
    frozen: FrozenParameters,
    update: UpdateStatistics | None,
) -> ParameterRow:
    return ParameterRow(
        name=name,
        shape=shape,
        size=math.prod(shape),
        update_ratio=_update_ratio([update] if update else []),
        frozen_since=frozen.since(name),
        aliases=aliases,
    )


def _update_ratio(updates: Sequence[UpdateStatistics]) -> float:
    """Return |Δw|/|w| of the parameters together; NaN if none was updated or all are zero."""
    weight = math.hypot(*(update.weight_norm for update in updates))
    return math.hypot(*(update.update_norm for update in updates)) / weight if weight else math.nan
