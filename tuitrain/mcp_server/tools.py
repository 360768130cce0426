"""The tools that a model may call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tuitrain.commands import VOCABULARY
from tuitrain.errors import TuitrainError

from . import calls
from .arguments import (
    CancelArguments,
    CommandArguments,
    GroupsArguments,
    JournalArguments,
    MetricsArguments,
    NoArguments,
    PreviewArguments,
    RunArguments,
    WaitArguments,
    read_arguments,
)
from .calls import Caller


@dataclass(frozen=True)
class ToolSpec:
    """A tool.

    Attributes
    ----------
    name, title : of the tool
    description : for a model
    arguments : the type of its arguments
    call : returns the answer as plain values
    changes : whether it changes a run: it is offered only with ``--act``
    """

    name: str
    title: str
    description: str
    arguments: type[Any]
    call: Callable[[Caller, Any], dict[str, Any]] = field(repr=False)
    changes: bool = False


def call_tool(caller: Caller, name: str, values: dict[str, Any]) -> dict[str, Any]:
    """Call a tool, and return its answer as plain values.

    Raises
    ------
    TuitrainError : no such tool, wrong arguments, no such run, no answer
    """
    offered = {spec.name: spec for spec in offered_tools(caller.run, caller.may_act)}
    if name not in offered:
        if name in [spec.name for spec in TOOLS if spec.changes]:
            raise TuitrainError(f"{name} is not offered: this server was started without --act")
        raise TuitrainError(f"there is no tool {name!r:.60} (tools: {', '.join(offered)})")
    spec = offered[name]
    return spec.call(caller, read_arguments(name, spec.arguments, values, not caller.run))


def offered_tools(run: str, may_act: bool) -> list[ToolSpec]:
    """Return the tools of a server.

    Parameters
    ----------
    run : the only run of the server; "" for all
    may_act : whether it was started with ``--act``
    """
    return [
        spec
        for spec in TOOLS
        if (may_act or not spec.changes) and (not run or spec.arguments is not NoArguments)
    ]


_FORMS: Final = "\n".join(f"- {spec.usage}: {spec.summary}" for spec in VOCABULARY)

TOOLS: Final = (
    ToolSpec(
        "list_runs",
        "List the live runs",
        "List the training runs that are live on this machine, each with its id (which the other "
        "tools take as 'run'), phase, step, loss and main metric.",
        NoArguments,
        calls.call_list_runs,
    ),
    ToolSpec(
        "status",
        "State of a run",
        "Return the state of a run: phase (running, paused, finished, failed, stopped), step, "
        "newest loss and metrics, throughput and ETA (seconds), breakpoints, checkpoints, commands "
        "that wait for their step, and the limits for agents.",
        RunArguments,
        calls.call_status,
    ),
    ToolSpec(
        "groups",
        "Parameter groups",
        "Return the parameter groups of a run: optimizer and settings, schedule, learning rate of "
        "the next step, norm of the last gradient, |update|/|weights| of the last step "
        "(update_ratio), and since which step a group is frozen.",
        GroupsArguments,
        calls.call_groups,
    ),
    ToolSpec(
        "metrics",
        "Curves of loss, metrics and groups",
        "Return curves of a run as steps and values, thinned out evenly: the loss of each step, "
        "metrics of the test set, and the learning rate, gradient norm and update ratio of groups. "
        "'of' is the number of values before; a value that is not finite is null.",
        MetricsArguments,
        calls.call_metrics,
    ),
    ToolSpec(
        "journal",
        "Journal of commands",
        "Return the journal of a run: all commands with step, actor (who), outcome (applied, "
        "unchanged, refused), message and reason (why).",
        JournalArguments,
        calls.call_journal,
    ),
    ToolSpec(
        "preview",
        "Preview a command",
        "Return what a command would do to the next update of each group, without applying it: "
        "update_ratio now and update_ratio_after; 'problem' says why it would be refused, and "
        "'effect' whether a breakpoint would pause the run, or a rule act, now. The "
        f"commands are:\n{_FORMS}",
        PreviewArguments,
        calls.call_preview,
    ),
    ToolSpec(
        "wait",
        "Wait for a condition",
        "Wait until a condition on a run holds, the run has ended, or the timeout has passed; "
        "'met' says whether it holds. To watch a long training, wait again and again.",
        WaitArguments,
        calls.call_wait,
    ),
    ToolSpec(
        "command",
        "Steer a run",
        "Give a run a command. It is applied before the next step, or before step 'at', and "
        "written to the journal with your reason. The outcome is applied, unchanged, scheduled, "
        "or refused with the reason in 'message': the run may have limits for agents. Use preview "
        f"first where you are not sure. The commands are:\n{_FORMS}",
        CommandArguments,
        calls.call_command,
        changes=True,
    ),
    ToolSpec(
        "cancel",
        "Cancel a scheduled command",
        "Cancel a command that waits for its step.",
        CancelArguments,
        calls.call_cancel,
        changes=True,
    ),
)
