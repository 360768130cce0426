"""The timeline of a run: steps with events, steps with a cached state, and values at a step."""

from __future__ import annotations

from dataclasses import replace

from tuitrain.run.history.lr_curve import rate_at
from tuitrain.run.snapshot import GroupHistory, GroupView, Snapshot

from .charts.series import value_at
from .formatting import format_count
from .rows import Row


def timeline_stops(snapshot: Snapshot) -> list[int]:
    """Return the steps of the present branch at which a command was applied or an epoch began."""
    epochs = range(0, snapshot.step, max(1, snapshot.info.steps_per_epoch))
    return sorted({*epochs, *command_steps(snapshot)})


def cursor_stops(snapshot: Snapshot) -> list[int]:
    """Return the stops, and the steps with a cached state."""
    return sorted(
        {
            *timeline_stops(snapshot),
            *(step for step in snapshot.cached_steps if step < snapshot.step),
        }
    )


def command_steps(snapshot: Snapshot) -> list[int]:
    """Return the steps at which a command of the present branch was applied."""
    return sorted({intervention.step for intervention in snapshot.interventions})


def adjacent_step(steps: list[int], at: float, direction: int) -> int | None:
    """Return the nearest step before (direction < 0) or after a step; None if there is none."""
    ahead = [step for step in steps if (step - at) * direction > 0]
    return (min(ahead) if direction > 0 else max(ahead)) if ahead else None


def events_at(snapshot: Snapshot, step: int) -> list[str]:
    """Return the events at a step as texts: the start of an epoch, and commands with actors."""
    per_epoch = max(1, snapshot.info.steps_per_epoch)
    events = [f"epoch {step // per_epoch} begins"] if step % per_epoch == 0 else []
    commands = [entry.command for entry in snapshot.interventions if entry.step == step]
    return events + [_with_actor(snapshot, step, command) for command in commands]


def _with_actor(snapshot: Snapshot, step: int, command: str) -> str:
    """Return a command with the actor who gave it, as the journal has it: ``lr fc 0.1 (rule)``."""
    for entry in reversed(snapshot.journal):
        if (entry.step, entry.command, entry.outcome) == (step, command, "applied"):
            return f"{command} ({entry.actor})"
    return command


def cursor_row(snapshot: Snapshot, step: int, rewind_key: str) -> Row:
    """Return the events at the cursor's step, and what the keys do there."""
    texts = events_at(snapshot, step)
    if step in snapshot.cached_steps:
        texts.append("state kept")
    if step > snapshot.step:
        texts.append(f"after the present branch, which is at step {format_count(snapshot.step)}")
        keys = "   esc returns to now"
    elif snapshot.phase.is_record or snapshot.no_way_back:
        keys = "   esc returns to now"
    else:
        keys = f"   {rewind_key} rewinds there, esc returns to now"
    events = ": " + " · ".join(texts) if texts else ""
    return ((f"step {format_count(step)}", "strong"), (events, "text"), (keys, "muted"))


def group_at(group: GroupView, trace: GroupHistory | None, step: int) -> GroupView:
    """Return a group with its values at a step; those of its parameters are unknown."""
    nan = float("nan")
    known = trace or GroupHistory(group.name)
    grad, update = (value_at(series, step) for series in (known.grad_norm, known.update_ratio))
    lr = rate_at(known.lr_spans, step) if known.lr_spans else value_at(known.lr, step)
    was_trained = group.frozen_since is not None and group.frozen_since > step
    return replace(
        group,
        lr=nan if lr is None else lr,
        grad_norm=nan if grad is None else grad,
        update_ratio=nan if update is None else update,
        frozen_since=None if was_trained else group.frozen_since,
        parameters=tuple(replace(parameter, update_ratio=nan) for parameter in group.parameters),
    )
