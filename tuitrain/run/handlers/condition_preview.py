"""Previews of breakpoints and rules: whether their condition holds now."""

from __future__ import annotations

from tuitrain.commands import AddBreakpoint, AddRule, to_text
from tuitrain.errors import RefusedError

from ..conditions.checks import check_target
from ..conditions.comparisons import AVERAGE_STEPS
from ..conditions.present import compare_now
from ..conditions.rules import check_rule
from ..context import RunContext
from ..snapshot import UpdatePreview


def describe_condition(context: RunContext, command: AddBreakpoint | AddRule) -> str:
    """Say whether a breakpoint or a rule would act now; nothing is changed.

    Raises
    ------
    RefusedError : the command would be refused
    """
    engine, branch, used = context.engine, context.timeline.branch, ""
    if isinstance(command, AddRule):
        check_rule(command, engine)
        condition, effect = command.condition, "act"
        if context.rules.uses(command) >= command.times:
            used = "; it is used up, and would pause the run"
    else:
        check_target(command, engine)
        condition, effect = command, "pause the run"
    losses = branch.loss.last(AVERAGE_STEPS + 1)
    now = compare_now(condition, engine, losses, branch.metrics.series())
    word = {True: "yes", False: "no", None: "not known yet"}[now.is_met]
    return f"would {effect} now: {word}, {now.found}{used}"


def preview_condition(context: RunContext, command: AddBreakpoint | AddRule) -> UpdatePreview:
    """Return the effect that a breakpoint or a rule would have now, or why it would be refused."""
    text = to_text(command)
    try:
        return UpdatePreview(text, effect=describe_condition(context, command))
    except RefusedError as refusal:
        return UpdatePreview(text, problem=str(refusal))
