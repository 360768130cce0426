"""Building the snapshot of a run, which has everything that a screen draws."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tuitrain.commands import AnyCommand, Clip, to_text
from tuitrain.engines.capabilities import Capability

from .context import RunContext
from .snapshot import GroupHistory, GroupView, Phase, Snapshot


def build_snapshot(
    context: RunContext, version: int, parameter: str | None, samples_per_second: float
) -> Snapshot:
    """Build the snapshot of the present boundary; see `Session.snapshot`."""
    engine, timeline = context.engine, context.timeline
    branch = timeline.branch
    groups = engine.groups()
    context.recorder.groups(context.step, branch.name, lambda: groups)
    return Snapshot(
        version=version,
        info=context.info,
        phase=context.phase,
        step=context.step,
        note=_note(context),
        samples_per_second=samples_per_second,
        eta=_seconds_left(context, samples_per_second),
        fallback_reason=engine.fallback_reason,
        frozen_cache=engine.frozen_cache,
        loss=branch.loss.series(),
        metrics=branch.metrics.series(),
        groups=groups,
        histories=_histories(context, groups),
        parameter=engine.inspect_parameter(parameter) if parameter else None,
        journal=context.journal.entries(),
        interventions=branch.interventions,
        branch=branch.name,
        parent=branch.node.parent,
        fork=branch.fork,
        branches=tuple(left.view() for left in timeline.left_branches.values()),
        cached_steps=timeline.cached_steps(),
        checkpoints=tuple(context.checkpoints.refs),
        breakpoints=context.breakpoints.texts(),
        rules=context.rules.views(),
        optimizers=engine.optimizer_choices(),
        limits=context.limits.describe() if context.limits else "",
        clip=clip_text(decision.command for decision in branch.decisions),
        lr_sweep=context.lr_sweep,
        no_way_back=engine.capabilities.missing(Capability.REWIND),
        no_lr_sweep=engine.capabilities.missing(Capability.LR_SWEEP),
        pace=context.run_state.pace,
        ranks=tuple(context.get_ranks()),
    )


def _histories(context: RunContext, groups: Sequence[GroupView]) -> tuple[GroupHistory, ...]:
    """Return the histories of the groups on the present branch."""
    branch, left = context.timeline.branch, context.timeline.left_branches
    histories = context.metric_history.add(context.step, branch, left, groups)
    rates = context.lr_history.curves(context.step, branch, left, groups)
    return tuple(
        replace(history, lr=curve, lr_spans=spans)
        for history, (curve, spans) in zip(histories, rates, strict=True)
    )


def _seconds_left(context: RunContext, samples_per_second: float) -> float | None:
    """Return the seconds to the end of the run; None while that or the throughput is unknown."""
    if not samples_per_second or context.info.is_open:
        return None
    samples_until = context.timeline.batches.samples_until
    samples = samples_until(context.info.total_steps) - samples_until(context.step)
    return samples / samples_per_second


def clip_text(commands: Iterable[AnyCommand]) -> str:
    """Return the clipping that the last of these commands set, such as ``norm 1``; "" for none."""
    clips = [command for command in commands if isinstance(command, Clip)]
    if not clips or clips[-1].by == "off":
        return ""
    return to_text(clips[-1]).removeprefix("clip ")


def _note(context: RunContext) -> str:
    """Return the most important note for the user, or ""."""
    if context.recorder.problem:
        return context.recorder.problem
    run_state = context.run_state
    if run_state.phase is Phase.PAUSED and run_state.breakpoint_reason:
        return run_state.breakpoint_reason
    if context.checkpoints.problem:
        return context.checkpoints.problem
    step = context.timeline.branch.first_non_finite()
    return "" if step is None else f"loss is not finite since step {step}"
