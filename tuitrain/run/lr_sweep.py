"""What if: learning rates tried side by side, and the next update foreseen."""

from __future__ import annotations

import math
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from tuitrain.commands import AnyCommand, TryLr, to_text
from tuitrain.engines.engine import CommandResult, Engine
from tuitrain.errors import RefusedError

from .breakpoints import AVERAGE_STEPS
from .snapshot import LrCandidate, LrSweep, UpdatePreview

if TYPE_CHECKING:
    from .session import Session


def run_lr_sweep(session: Session, command: TryLr) -> tuple[CommandResult, LrSweep]:
    """Train from here with each learning rate, on lines of their own.

    Raises
    ------
    RefusedError : one of them cannot be tried; then none was
    """
    steps = min(command.steps, session.info.total_steps - session.step)
    for candidate in command.candidates():
        session.engine.preview(candidate)  # refused, if it will be, before any is tried
    told, candidates = [], []
    lr = _lr_of(session.engine, command.target)
    for value, candidate in zip(command.values, command.candidates(), strict=True):
        tried, changed = session.timeline.explore(candidate, steps)
        losses = tried.loss.last(min(steps, AVERAGE_STEPS))
        average = session.timeline.batches.mean_loss(losses, session.step + steps)
        told.append(f"{value} {average:.4g} ({tried.name})")
        candidates.append(LrCandidate(value, tried.name, not changed))
    batches = session.timeline.batches
    trial = LrSweep(command.target, session.step, steps, lr, tuple(candidates), batches)
    mean = f"mean loss of the last {min(steps, AVERAGE_STEPS)} of {steps} steps"
    message = f"paused; {mean}: {', '.join(told)}; adopt one with `branch NAME`"
    return CommandResult(True, message), trial


def _lr_of(engine: Engine, target: str) -> float:
    """Return the learning rate of the groups that a target names; NaN where they differ."""
    groups = engine.groups()
    rates = {each.lr for each in groups if fnmatchcase(each.name, target)}
    return rates.pop() if len(rates) == 1 else math.nan


def preview_update(engine: Engine, command: AnyCommand) -> UpdatePreview:
    """Say how far the next update would go after a command, or why it would be refused."""
    text = to_text(command)
    try:
        ratios = engine.preview(command)
    except RefusedError as refusal:
        return UpdatePreview(text, problem=str(refusal))
    return UpdatePreview(text, tuple((name, *each) for name, each in ratios.items()))


def describe_preview(engine: Engine, command: AnyCommand) -> CommandResult:
    """Say what the next update would be; the answer is all that comes of it."""
    told = []
    for group, (now, after) in engine.preview(command).items():
        if now != after and not (math.isnan(now) and math.isnan(after)):
            times = f", x{after / now:.3g}" if now > 0 and after > 0 else ""
            told.append(f"{group}: next |Δw|/|w| {after:.2g} instead of {now:.2g}{times}")
    return CommandResult(False, "; ".join(told) or "the next update would be the same")
