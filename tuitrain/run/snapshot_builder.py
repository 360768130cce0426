"""Putting a snapshot together: everything that a face shows, from one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tuitrain.commands import Clip, to_text

from .history.state_cache import Decision
from .snapshot import Intervention, Phase, Snapshot

if TYPE_CHECKING:
    from .session import Session


def build_snapshot(
    session: Session, version: int, watched: str | None, samples_per_second: float
) -> Snapshot:
    """Return what a face shows of a session; see `Session.snapshot`."""
    engine, line = session.engine, session.timeline.line
    groups = engine.groups()
    session.recorder.groups(session.step, line.name, lambda: groups)
    batches = session.timeline.batches
    left = batches.samples_until(session.info.total_steps) - batches.samples_until(session.step)
    return Snapshot(
        version=version,
        info=session.info,
        phase=session.phase,
        step=session.step,
        note=_note(session),
        samples_per_second=samples_per_second,
        eta=left / samples_per_second if samples_per_second else None,
        fallback_reason=engine.eager,
        loss=line.loss.series(),
        accuracy=line.accuracy.series(),
        groups=groups,
        histories=session.metric_history.add(session.step, line, session.timeline.left, groups),
        parameter=engine.inspect(watched) if watched else None,
        journal=session.journal.entries(),
        interventions=tuple(
            Intervention(each.step, to_text(each.command)) for each in line.decisions
        ),
        branch=line.name,
        parent=line.parent,
        fork=line.fork,
        branches=tuple(each.view() for each in session.timeline.left.values()),
        cached_steps=session.timeline.kept_steps(),
        checkpoints=tuple(session.checkpoints.refs),
        breakpoints=session.breakpoints.texts(),
        optimizers=engine.optimizers(),
        clip=_clip(line.decisions),
        lr_sweep=session.lr_sweep,
    )


def _clip(decisions: Sequence[Decision]) -> str:
    """Return what gradients are clipped by since the last decision on it."""
    for each in reversed(decisions):
        if isinstance(each.command, Clip):
            off = each.command.by == "off"
            return "" if off else to_text(each.command).removeprefix("clip ")
    return ""


def _note(session: Session) -> str:
    """Return what a person should know now, the worst first."""
    if session.recorder.problem:
        return session.recorder.problem
    if session.phase is Phase.PAUSED and session.breakpoint_reason:
        return session.breakpoint_reason
    if session.checkpoints.problem:
        return session.checkpoints.problem
    bad = session.timeline.line.first_non_finite()
    return "" if bad is None else f"loss is not finite since step {bad}"
