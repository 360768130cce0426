"""Applying commands to a run; commands for groups are passed to the engine."""

from __future__ import annotations

from tuitrain.commands import (
    AddBreakpoint,
    AddRule,
    AnyCommand,
    Branch,
    Checkpoint,
    Pause,
    Preview,
    Redo,
    RemoveBreakpoint,
    RemoveRule,
    Resume,
    Rewind,
    RewindBy,
    RewindToCheckpoint,
    SetPace,
    Step,
    Stop,
    TryLr,
    Undo,
    parse,
)
from tuitrain.engines.capabilities import Capability
from tuitrain.engines.steerable import CommandResult
from tuitrain.errors import RefusedError

from ..context import RunContext
from ..session_state import CheckpointRef
from ..snapshot import Actor, Outcome
from .condition_preview import describe_condition
from .history_commands import handle_history_command
from .lr_sweep import describe_preview, run_lr_sweep


def handle_command(context: RunContext, command: AnyCommand, actor: Actor) -> tuple[Outcome, str]:
    """Apply a command of an actor at the present boundary, or refuse it, which changes nothing.

    Returns
    -------
    The outcome, and the effect or the reason of the refusal as a sentence
    """
    try:
        before = _conditions_without_group(context)
        change = _apply(context, command, actor)
        message = change.message
        for text in _conditions_without_group(context):
            if text not in before:
                message += f"; no group is left that `{text}` watches"
        return "applied" if change.changed else "unchanged", message
    except RefusedError as refusal:
        return "refused", str(refusal)


def _apply(context: RunContext, command: AnyCommand, actor: Actor) -> CommandResult:
    """Apply a command; raise `RefusedError`, with nothing changed, if that is impossible."""
    match command:
        case Rewind() | RewindBy() | RewindToCheckpoint() | Undo() | Redo() | Branch():
            context.engine.capabilities.require(Capability.REWIND)
            return handle_history_command(context, command, actor)
        case AddBreakpoint() | RemoveBreakpoint():
            return context.breakpoints.apply(command, context.engine)
        case AddRule() | RemoveRule():
            return context.rules.apply(command, context.engine, actor)
        case Checkpoint(name=name):
            return _save_checkpoint(context, name)
        case _ if context.phase.ended:
            has_way_back = Capability.REWIND in context.engine.capabilities
            hint = "; rewind goes back to an earlier step" if has_way_back else ""
            ending = f"{context.phase.value} at step {context.step}"
            raise RefusedError(f"the run has ended ({ending}){hint}")
        case Pause() | Resume() | Step() | SetPace() | Stop():
            return _handle_run_command(context, command, actor)
        case TryLr():
            context.engine.capabilities.require(Capability.LR_SWEEP)
            change, context.lr_sweep = run_lr_sweep(context, command)
            context.settle_after_jump()
            if context.stays_paused(actor):
                return CommandResult(True, f"paused; {change.message}")
            return change
        case Preview(command=text):
            return _preview(context, parse(text))
        case _:
            return _apply_to_engine(context, command)


def _handle_run_command(
    context: RunContext, command: Pause | Resume | Step | SetPace | Stop, actor: Actor
) -> CommandResult:
    run_state, step = context.run_state, context.step
    match command:
        case Pause():
            change = run_state.pause(step)
            if change.changed and not context.stays_paused(actor):
                message = f"no pause at step {step}: no viewer is there to resume the run"
                return CommandResult(True, message)
            return change
        case Resume():
            return run_state.resume(step)
        case Step(count=count):
            return run_state.run_steps(count, step, context.info.total_steps)
        case SetPace(steps_per_second=pace):
            return run_state.set_pace(pace)
        case Stop():
            return run_state.stop(step)


def _preview(context: RunContext, command: AnyCommand) -> CommandResult:
    if isinstance(command, AddBreakpoint | AddRule):
        return CommandResult(False, describe_condition(context, command))
    context.engine.capabilities.require(Capability.PREVIEW)
    return describe_preview(context.engine, command)


def _apply_to_engine(context: RunContext, command: AnyCommand) -> CommandResult:
    change = context.engine.apply(command)
    if change.changed:
        context.timeline.add_decision(command)
    return change


def _conditions_without_group(context: RunContext) -> tuple[str, ...]:
    """Return the breakpoints and rules whose condition is on a group that does not exist."""
    if not context.breakpoints and not context.rules.conditions:
        return ()
    names = [group.name for group in context.engine.groups()]
    return (*context.breakpoints.without_target(names), *context.rules.without_target(names))


def _save_checkpoint(context: RunContext, name: str) -> CommandResult:
    """Save a checkpoint of this boundary."""
    plan, decisions = context.plan, tuple(context.timeline.branch.decisions)
    ref = CheckpointRef(context.step, decisions, tuple(plan.pending))
    return context.checkpoints.save(name, ref, plan.current)
