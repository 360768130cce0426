"""Commands that move a run in its history: rewind, undo, redo, and switching branches."""

from __future__ import annotations

from tuitrain.commands import Branch, Redo, Rewind, RewindBy, RewindToCheckpoint, Undo, to_text
from tuitrain.engines.steerable import CommandResult
from tuitrain.errors import RefusedError, did_you_mean

from ..authorship import Actor
from ..context import RunContext


def handle_history_command(
    context: RunContext,
    command: Rewind | RewindBy | RewindToCheckpoint | Undo | Redo | Branch,
    actor: Actor,
) -> CommandResult:
    """Move the run to another boundary or branch, at the command of an actor.

    Returns
    -------
    The new position, in words

    Raises
    ------
    RefusedError : the boundary or branch does not exist; nothing was changed
    """
    match command:
        case Rewind(step=step):
            return _rewind(context, step, actor)
        case RewindBy(count=count):
            return _rewind(context, max(0, context.step - count), actor)
        case RewindToCheckpoint(name=name):
            return _rewind_to_checkpoint(context, name, actor)
        case Undo():
            return _undo(context)
        case Redo():
            return _redo(context)
        case Branch(name=name):
            return _switch_branch(context, name)


def _rewind(context: RunContext, step: int, actor: Actor) -> CommandResult:
    if step > context.step:
        raise RefusedError(f"step {step} is still to come: the run is at step {context.step}")
    timeline = context.timeline
    removes_decisions = any(decision.step >= step for decision in timeline.branch.decisions)
    if step == context.step and not removes_decisions:
        return CommandResult(False, f"already at step {step}")
    left = timeline.rewind(step)
    context.plan.reschedule(context.plan.commands_from(step))
    context.settle_after_jump()
    return _back_at(context, left, actor)


def _back_at(context: RunContext, left: str, actor: Actor) -> CommandResult:
    """Say where the run is; it pauses there, unless a rule, or a plan without viewers, moved it."""
    is_paused = not context.rules.is_acting and context.stays_paused(actor)
    paused = ", paused" if is_paused else ""
    return CommandResult(
        True, f"back at step {context.step}{paused}; what followed is branch {left}"
    )


def _rewind_to_checkpoint(context: RunContext, name: str, actor: Actor) -> CommandResult:
    ref, timeline = context.checkpoints.get(name), context.timeline
    if (ref.step, ref.decisions) == (context.step, tuple(timeline.branch.decisions)):
        return CommandResult(False, f"already there: checkpoint {name} is of step {ref.step}")
    left = timeline.return_to(ref.step, ref.decisions)
    context.plan.reschedule(ref.planned)
    context.settle_after_jump()
    return _back_at(context, left, actor)


def _undo(context: RunContext) -> CommandResult:
    timeline = context.timeline
    if not timeline.branch.decisions:
        hints = [
            f"; `branch {name}` returns to the branch left last" for name in timeline.left_branches
        ]
        raise RefusedError("there is no command to undo on this branch" + "".join(hints[-1:]))
    undone, left = timeline.undo()
    context.hold_policy.reset()
    return CommandResult(
        True,
        f"step {context.step} without {to_text(undone.command)!r} of step {undone.step}; "
        f"with it, it is branch {left}",
    )


def _redo(context: RunContext) -> CommandResult:
    if not context.timeline.undone:
        raise RefusedError(
            "there is nothing to redo: no command was undone, or a new decision "
            "was made since; `branch NAME` returns to a branch"
        )
    redone, left = context.timeline.redo()
    context.hold_policy.reset()
    return CommandResult(
        True,
        f"step {context.step} with {to_text(redone.command)!r} of step {redone.step}; "
        f"without it, it is branch {left}",
    )


def _switch_branch(context: RunContext, name: str) -> CommandResult:
    timeline, plan = context.timeline, context.plan
    if name == timeline.branch.name:
        return CommandResult(False, f"already on branch {name}")
    known = list(timeline.left_branches)
    if name not in known:
        allowed = f" (branches: {', '.join(known)})" if known else "; none was left yet"
        raise RefusedError(f"no branch is called {name!r}{did_you_mean(name, known)}{allowed}")
    left = timeline.switch(name)
    plan.pending = plan.commands_from(context.step + 1)
    context.settle_after_jump()
    return CommandResult(True, f"on branch {name} at step {context.step}; left branch {left}")
