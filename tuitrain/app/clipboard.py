"""Texts for the clipboard: a group's settings, a parameter, a journal entry, chart values."""

from __future__ import annotations

from collections.abc import Sequence

from tuitrain.run.snapshot import (
    GroupView,
    JournalEntry,
    ParameterView,
    ScheduledCommand,
    Snapshot,
)

from .renderables.charts.metrics import Metric
from .renderables.charts.series import count_at, value_at
from .renderables.formatting import format_shape
from .renderables.tables.groups import TableRow


def row_text(snapshot: Snapshot, row: TableRow) -> str:
    """Return the settings of a row's group, or the statistics of its parameter."""
    group = next(group for group in snapshot.groups if group.name == row.group)
    if row.is_group:
        return _group(group)
    view = snapshot.parameter
    if view is not None and view.name == row.name:
        return _parameter(view)
    size = next(view for view in group.parameters if view.name == row.name)
    return f"{row.name} {format_shape(size.shape)} in {row.group}"


def entry_text(entry: JournalEntry | ScheduledCommand) -> str:
    """Return a journal entry, or a command that waits for its step, as one line."""
    why = f" — {entry.why}" if entry.why else ""
    if isinstance(entry, ScheduledCommand):
        return f"step {entry.step}: {entry.command} ({entry.actor}) waits{why}"
    message = f": {entry.message}" if entry.message else ""
    return f"step {entry.step}: {entry.command} ({entry.actor}) {entry.outcome}{message}{why}"


def step_text(snapshot: Snapshot, metrics: Sequence[Metric], step: int) -> str:
    """Return the charts' values at a step, one a line, with all their digits."""
    lines = [f"step {step}"]
    for metric in metrics:
        for curve in metric.curves(snapshot):
            value = value_at(curve.series, step)
            if curve.role != "ghost" and value is not None:
                count = count_at(curve.series, step)
                note = f" (mean of {count} values)" if count > 1 else ""
                lines.append(f"{metric.name} {curve.name}".strip() + f" {value!r}{note}")
    return "\n".join(lines)


def _group(group: GroupView) -> str:
    since = "" if group.frozen_since is None else f" frozen since step {group.frozen_since}"
    settings = f" {group.settings}" if group.settings else ""
    return (
        f"{group.name}: {group.optimizer}{settings} lr={group.lr!r} "
        f"schedule={group.schedule} parameters={group.size}{since}"
    )


def _parameter(view: ParameterView) -> str:
    value = view.value
    return (
        f"{view.name} {format_shape(view.shape)} in {view.group} at step {view.step}: "
        f"mean={value.mean!r} std={value.std!r} min={value.low!r} max={value.high!r}"
    )
