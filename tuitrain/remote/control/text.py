"""The answers of ``tuitrain ctl`` as text."""

from __future__ import annotations

from typing import Any

from tuitrain.text import format_count, visible

from .replies import (
    CommandReply,
    GroupReply,
    GroupsReply,
    JournalReply,
    MetricsReply,
    PreviewReply,
    RunStatus,
    WaitReply,
)


def reply_lines(reply: Any) -> list[str]:
    """Return an answer as lines for a reader."""
    return [visible(line) for line in _lines(reply)]


def _lines(reply: Any) -> list[str]:
    match reply:
        case CommandReply():
            step = format_count(reply.step)
            return [f"{reply.outcome} at step {step}: {reply.command}  {reply.message}".rstrip()]
        case RunStatus():
            return _status_lines(reply)
        case GroupsReply():
            return [f"step {format_count(reply.step)}", *map(_group_line, reply.groups)]
        case MetricsReply():
            return _metric_lines(reply)
        case JournalReply():
            return [
                f"{row.index:>4}  step {format_count(row.step):<9} {row.outcome:<9} {row.command}  "
                f"({row.actor}) {row.message}{f' - {row.why}' if row.why else ''}"
                for row in reply.entries
            ]
        case WaitReply():
            met = "met" if reply.met else f"not met, {reply.message}"
            return [f"{reply.until}: {met} ({reply.phase}, step {format_count(reply.step)})"]
        case PreviewReply():
            return _preview_lines(reply)
        case _:
            return [str(reply)]


def _status_lines(status: RunStatus) -> list[str]:
    steps = f"step {format_count(status.step)}"
    if status.total_steps is not None:
        steps += f" of {format_count(status.total_steps)}"
    if status.epoch is not None:
        steps += f", epoch {status.epoch:.1f}"
    known = {name: value for name, value in status.metrics.items() if value is not None}
    measured = [f"{name} {_number(value)}" for name, value in known.items()]
    lines = [
        f"{status.run} ({status.id}): {status.phase}, {steps}",
        ", ".join([f"loss {_number(status.loss)}", *measured]),
        f"{format_count(round(status.samples_per_second))} {status.speed_unit}/s, "
        f"{_counted(status.viewers, 'viewer')}, "
        f"pen: {status.pen or 'free'}",
        f"process {status.pid}, {status.folder}",
    ]
    lines += status.rules
    if status.limits:
        lines.append(f"limits {status.limits}")
    waiting = zip(status.scheduled, status.scheduled_ids, strict=True)
    scheduled = [f"{text}, id {number}" for text, number in waiting]
    return [*lines, *([status.note] if status.note else []), *scheduled]


def _group_line(group: GroupReply) -> str:
    if group.frozen_since is None:
        state = f"lr {group.lr:.4g} {group.schedule}, |dw|/|w| {group.update_ratio:.3g}"
    else:
        state = f"frozen since step {format_count(group.frozen_since)}"
    optimizer = f"{group.optimizer} {group.settings}".rstrip()
    size = _counted(group.size, "parameter")
    return f"{group.name}: {optimizer}, {state}, {size}"


def _metric_lines(reply: MetricsReply) -> list[str]:
    lines: list[str] = []
    for name, series in reply.metrics.items():
        count = format_count(len(series.values))
        lines.append(f"{name} ({count} of {_counted(series.of, 'value')})")
        pairs = zip(series.steps, series.values, strict=True)
        lines += [f"{format_count(step):>10}  {value:.6g}" for step, value in pairs]
    return lines


def _preview_lines(reply: PreviewReply) -> list[str]:
    if reply.problem:
        return [f"{reply.command}: would be refused: {reply.problem}"]
    if reply.effect:
        return [f"{reply.command}: {reply.effect}"]
    return [f"{reply.command}: |dw|/|w| of the next update"] + [
        f"  {group['name']}: {group['update_ratio']:.3g} -> {group['update_ratio_after']:.3g}"
        for group in reply.groups
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _counted(number: int, noun: str) -> str:
    return f"{format_count(number)} {noun}{'' if number == 1 else 's'}"
