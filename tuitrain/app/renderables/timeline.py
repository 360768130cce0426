"""The places of a run's timeline: where something happened, and where going back costs nothing."""

from __future__ import annotations

from dataclasses import replace

from tuitrain.run.snapshot import GroupHistory, GroupView, Snapshot

from .charts.chart import value_at
from .formatting import format_count
from .rows import Row


def timeline_stops(snapshot: Snapshot) -> list[int]:
    """Return the steps of the present line at which a command was applied or an epoch began."""
    epochs = range(0, snapshot.step, max(1, snapshot.info.steps_per_epoch))
    return sorted({*epochs, *command_steps(snapshot)})


def cursor_stops(snapshot: Snapshot) -> list[int]:
    """Return the stops, and the steps whose states are kept."""
    return sorted(
        {
            *timeline_stops(snapshot),
            *(each for each in snapshot.cached_steps if each < snapshot.step),
        }
    )


def command_steps(snapshot: Snapshot) -> list[int]:
    """Return the steps at which a command of the present line was applied."""
    return sorted({each.step for each in snapshot.interventions})


def adjacent_step(steps: list[int], at: float, by: int) -> int | None:
    """Return the nearest of the steps before (``by`` < 0) or after; None if there is none."""
    ahead = [each for each in steps if (each - at) * by > 0]
    return (min(ahead) if by > 0 else max(ahead)) if ahead else None


def events_at(snapshot: Snapshot, step: int) -> list[str]:
    """Name what happened at a step: an epoch's beginning, and commands."""
    per_epoch = max(1, snapshot.info.steps_per_epoch)
    words = [f"epoch {step // per_epoch} begins"] if step % per_epoch == 0 else []
    return words + [each.command for each in snapshot.interventions if each.step == step]


def cursor_row(snapshot: Snapshot, step: int, rewinds: str) -> Row:
    """Say what was at a step, and what the key that is written ``rewinds`` does there."""
    words = events_at(snapshot, step)
    if step in snapshot.cached_steps:
        words.append("state kept")
    if step > snapshot.step:
        words.append(f"after the present line, which is at step {format_count(snapshot.step)}")
        ways = "   esc returns to now"
    elif snapshot.phase.is_record:
        ways = "   esc returns to now"
    else:
        ways = f"   {rewinds} rewinds there, esc returns to now"
    said = ": " + " · ".join(words) if words else ""
    return ((f"step {format_count(step)}", "strong"), (said, "text"), (ways, "muted"))


def group_at(group: GroupView, trace: GroupHistory | None, step: int) -> GroupView:
    """Return a group with the numbers that it had at a step; its parameters' were not noted."""
    nan = float("nan")
    known = trace or GroupHistory(group.name)
    lr, grad, update = (
        value_at(each, step) for each in (known.lr, known.grad_norm, known.update_ratio)
    )
    thawed_then = group.frozen_since is not None and group.frozen_since > step
    return replace(
        group,
        lr=nan if lr is None else lr,
        grad_norm=nan if grad is None else grad,
        update_ratio=nan if update is None else update,
        frozen_since=None if thawed_then else group.frozen_since,
        parameters=tuple(replace(each, update_ratio=nan) for each in group.parameters),
    )
