"""Applying commands to a run; commands for groups are passed to the engine."""

from __future__ import annotations

from tuitrain.commands import (
    AddBreakpoint,
    AnyCommand,
    Branch,
    Checkpoint,
    Pause,
    Preview,
    Redo,
    RemoveBreakpoint,
    Resume,
    Rewind,
    RewindToCheckpoint,
    Step,
    Stop,
    TryLr,
    Undo,
    parse,
)
from tuitrain.engines.capabilities import Capability
from tuitrain.engines.steerable import CommandResult
from tuitrain.errors import RefusedError

from .context import RunContext
from .history_commands import handle_history_command
from .lr_sweep import describe_preview, run_lr_sweep
from .session_state import CheckpointRef


def handle_command(context: RunContext, command: AnyCommand) -> CommandResult:
    """Apply a command at the present boundary.

    Raises
    ------
    RefusedError : it cannot be applied; nothing was changed
    """
    match command:
        case Rewind() | RewindToCheckpoint() | Undo() | Redo() | Branch():
            context.engine.capabilities.require(Capability.REWIND)
            return handle_history_command(context, command)
        case AddBreakpoint() | RemoveBreakpoint():
            return context.breakpoints.apply(command, context.engine)
        case Checkpoint(name=name):
            return _save_checkpoint(context, name)
        case _ if context.phase.ended:
            raise RefusedError(
                f"the run has ended ({context.phase.value} at step {context.step}); "
                "rewind goes back to an earlier step"
            )
        case Pause() | Resume() | Step() | Stop():
            return _handle_run_command(context, command)
        case TryLr():
            context.engine.capabilities.require(Capability.LR_SWEEP)
            change, context.lr_sweep = run_lr_sweep(context, command)
            context.settle_after_jump()
            return change
        case Preview(command=text):
            context.engine.capabilities.require(Capability.PREVIEW)
            return describe_preview(context.engine, parse(text))
        case _:
            return _apply_to_engine(context, command)


def _handle_run_command(
    context: RunContext, command: Pause | Resume | Step | Stop
) -> CommandResult:
    run_state, step = context.run_state, context.step
    match command:
        case Pause():
            return run_state.pause(step)
        case Resume():
            return run_state.resume(step)
        case Step(count=count):
            return run_state.run_steps(count, step, context.info.total_steps)
        case Stop():
            return run_state.stop(step)


def _apply_to_engine(context: RunContext, command: AnyCommand) -> CommandResult:
    change = context.engine.apply(command)
    if change.changed:
        context.timeline.add_decision(command)
    return change


def _save_checkpoint(context: RunContext, name: str) -> CommandResult:
    """Save a checkpoint of this boundary."""
    plan, decisions = context.plan, tuple(context.timeline.branch.decisions)
    ref = CheckpointRef(context.step, decisions, tuple(plan.pending))
    return context.checkpoints.save(name, ref, plan.current)
