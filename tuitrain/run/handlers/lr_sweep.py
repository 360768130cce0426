"""Learning rates tried side by side, and previews of the next update."""

from __future__ import annotations

import math

from tuitrain.commands import AnyCommand, TryLr, to_text
from tuitrain.engines.capabilities import Capability
from tuitrain.engines.engine import Engine
from tuitrain.engines.steerable import CommandResult
from tuitrain.engines.targets import match_names
from tuitrain.errors import RefusedError

from ..conditions.comparisons import AVERAGE_STEPS
from ..context import RunContext
from ..snapshot import LrCandidate, LrSweep, UpdatePreview


def run_lr_sweep(context: RunContext, command: TryLr) -> tuple[CommandResult, LrSweep]:
    """Train from here with each learning rate, each on its own branch.

    Raises
    ------
    RefusedError : one of the rates cannot be tried; no rate was tried
    """
    engine, timeline, start = context.engine, context.timeline, context.step
    steps = min(command.steps, context.info.total_steps - start)
    for candidate in command.candidates():
        _check(engine, candidate)
    lr = _current_lr(engine, command.target)
    results: list[str] = []
    candidates: list[LrCandidate] = []
    for value, candidate in zip(command.values, command.candidates(), strict=True):
        branch, changed = timeline.explore(candidate, steps)
        losses = branch.loss.last(min(steps, AVERAGE_STEPS))
        average = timeline.batches.mean_loss(losses, start + steps)
        results.append(f"{value} {average:.4g} ({branch.name})")
        candidates.append(LrCandidate(value, branch.name, not changed))
    sweep = LrSweep(command.target, start, steps, lr, tuple(candidates), timeline.batches)
    mean = f"mean loss of the last {min(steps, AVERAGE_STEPS)} of {steps} steps"
    message = f"{mean}: {', '.join(results)}; adopt one with `branch NAME`"
    return CommandResult(True, message), sweep


def _check(engine: Engine, candidate: AnyCommand) -> None:
    """Check that a rate can be tried, before any is; the state of the engine is not changed.

    Raises
    ------
    RefusedError : it cannot be tried
    """
    if Capability.PREVIEW in engine.capabilities:
        engine.preview(candidate)
        return
    state = engine.state()
    engine.apply(candidate)
    engine.load_state(state)


def preview_update(engine: Engine, command: AnyCommand) -> UpdatePreview:
    """Return the effect of a command on the next update, or why it would be refused."""
    text = to_text(command)
    if reason := engine.capabilities.missing(Capability.PREVIEW):
        return UpdatePreview(text, problem=reason, is_possible=False)
    try:
        ratios = engine.preview(command)
    except RefusedError as refusal:
        return UpdatePreview(text, problem=str(refusal))
    return UpdatePreview(text, tuple((name, *pair) for name, pair in ratios.items()))


def describe_preview(engine: Engine, command: AnyCommand) -> CommandResult:
    """Describe the effect of a command on the next update; nothing is changed.

    Raises
    ------
    RefusedError : the command would be refused
    """
    texts: list[str] = []
    for group, (now, after) in engine.preview(command).items():
        if now != after and not (math.isnan(now) and math.isnan(after)):
            times = f", x{after / now:.3g}" if now > 0 and after > 0 else ""
            texts.append(f"{group}: next |Δw|/|w| {after:.2g} instead of {now:.2g}{times}")
    return CommandResult(False, "; ".join(texts) or "the next update would be the same")


def _current_lr(engine: Engine, target: str) -> float:
    """Return the learning rate of the groups that a target names; NaN where they differ."""
    rates = {group.lr for group in engine.groups() if match_names(target, [group.name])}
    return rates.pop() if len(rates) == 1 else math.nan
