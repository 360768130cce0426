"""The tools: what a model may ask of runs, and tell them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tuitrain.commands import VOCABULARY
from tuitrain.errors import TuitrainError
from tuitrain.remote.client.find_endpoint import endpoint_of
from tuitrain.remote.control import questions
from tuitrain.remote.control.client import ControlClient
from tuitrain.remote.errors import NoAnswerError
from tuitrain.remote.local.find_run import find_run
from tuitrain.remote.local.live_runs import list_live_runs
from tuitrain.remote.wire.messages import MAX_TICKET, MIN_TICKET
from tuitrain.run.snapshot import Phase

from . import answers
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

PREVIEW_SECONDS: Final = 60.0

ACTOR: Final = "agent"
"""The kind of actor for which a run has limits; see ``docs/how-to/limits.md``."""


def _never() -> bool:
    return False


def _ignore(*_: Any) -> None:
    """Report to no one."""


@dataclass(frozen=True)
class Caller:
    """Who calls a tool, and for which run.

    Attributes
    ----------
    name : of the client, for the journal
    run : the only run of this server; "" for those that the calls name
    may_act : whether the tools that change runs may be called
    is_cancelled : whether the client has given the call up
    on_progress : called during a wait, with the seconds passed, all seconds, and the state
    slice_seconds : after which a wait reports its progress, and notices that it was given up
    """

    name: str
    run: str = ""
    may_act: bool = False
    is_cancelled: Callable[[], bool] = _never
    on_progress: Callable[[float, float, str], None] = _ignore
    slice_seconds: float = 2.0

    def connect(self, run: str) -> ControlClient:
        """Return a connection to a run, for a ``with`` block."""
        return ControlClient(endpoint_of(self.run or run), self.name)


@dataclass(frozen=True)
class ToolSpec:
    """A tool.

    Attributes
    ----------
    name, title : of the tool
    description : what it does, for a model
    arguments : what it takes
    call : does it, and returns the answer as plain values
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


def _list_runs(caller: Caller, _: NoArguments) -> dict[str, Any]:
    del caller
    return answers.runs_answer([questions.listed_run(row) for row in list_live_runs()])


def _status(caller: Caller, arguments: RunArguments) -> dict[str, Any]:
    word = caller.run or arguments.run
    socket = str(find_run(word).socket) if endpoint_of(word).is_local else ""
    with caller.connect(arguments.run) as client:
        return answers.plain(questions.status_reply(client.snapshot(), client.welcome, socket))


def _groups(caller: Caller, arguments: GroupsArguments) -> dict[str, Any]:
    with caller.connect(arguments.run) as client:
        reply = questions.groups_reply(client.snapshot())
    return answers.groups_answer(reply, arguments.names, arguments.parameters)


def _metrics(caller: Caller, arguments: MetricsArguments) -> dict[str, Any]:
    with caller.connect(arguments.run) as client:
        snapshot = client.snapshot()
    count = len(arguments.names) or 1 + len(snapshot.metrics)
    points = answers.points_for(count, arguments.points)
    chosen = arguments.first, arguments.last, points
    return answers.metrics_answer(questions.metrics_reply(snapshot, arguments.names, *chosen))


def _journal(caller: Caller, arguments: JournalArguments) -> dict[str, Any]:
    with caller.connect(arguments.run) as client:
        reply = questions.journal_reply(client.snapshot(), arguments.since or 0)
    return answers.journal_answer(reply, arguments.since is None, arguments.limit)


def _preview(caller: Caller, arguments: PreviewArguments) -> dict[str, Any]:
    with caller.connect(arguments.run) as client:
        return answers.plain(client.preview(arguments.command, PREVIEW_SECONDS))


def _wait(caller: Caller, arguments: WaitArguments) -> dict[str, Any]:
    """Wait in slices, so that a call that was given up ends soon."""
    passed, until = 0.0, arguments.until
    with caller.connect(arguments.run) as client:
        while True:
            seconds = min(caller.slice_seconds, arguments.timeout - passed)
            reply = client.wait(until, seconds)
            passed += seconds
            is_over = Phase(reply.phase).ended or client.error is not None
            if reply.met or is_over or passed >= arguments.timeout or caller.is_cancelled():
                if not reply.met and not is_over:  # the whole time, and not that of the last slice
                    reply = msgspec.structs.replace(reply, message=f"after {passed:.1f} s")
                return answers.plain(reply)
            state = f"{reply.phase}, step {reply.step}"
            caller.on_progress(passed, arguments.timeout, state)


def _command(caller: Caller, arguments: CommandArguments) -> dict[str, Any]:
    identity = arguments.id or secrets.token_hex(8)
    reason = " ".join(arguments.reason.split())
    if not reason:
        raise TuitrainError("command, reason: say why, in one sentence for the journal")
    with caller.connect(arguments.run) as client:
        try:
            reply = client.send(
                arguments.command,
                ACTOR,
                reason,
                arguments.at,
                arguments.timeout,
                ticket_of(identity),
            )
        except NoAnswerError as error:
            again = f"send it again with id {identity!r} to get the answer"
            raise NoAnswerError(f"{error}; {again}") from None
    return answers.plain(reply)


def _cancel(caller: Caller, arguments: CancelArguments) -> dict[str, Any]:
    with caller.connect(arguments.run) as client:
        reply = client.cancel(ticket_of(arguments.id), ACTOR, PREVIEW_SECONDS)
    return answers.plain(reply)


def ticket_of(identity: str) -> int:
    """Return the ticket for a client's id of a command: equal ids have equal tickets.

    An id of an answer is a ticket itself, in digits.
    """
    if identity.isascii() and identity.isdigit() and len(identity) < len(str(MAX_TICKET)) + 1:
        number = int(identity)
        if MIN_TICKET <= number <= MAX_TICKET:
            return number
    digest = hashlib.sha256(identity.encode("utf-8", "replace")).digest()
    return MIN_TICKET + int.from_bytes(digest[:8]) % (MAX_TICKET - MIN_TICKET)


_FORMS: Final = "\n".join(f"- {spec.usage}: {spec.summary}" for spec in VOCABULARY)

TOOLS: Final = (
    ToolSpec(
        "list_runs",
        "List the live runs",
        "List the training runs that are live on this machine, each with its id (which the other "
        "tools take as 'run'), phase, step, loss and main metric.",
        NoArguments,
        _list_runs,
    ),
    ToolSpec(
        "status",
        "State of a run",
        "Return the state of a run: phase (running, paused, finished, failed, stopped), step, "
        "newest loss and metrics, throughput and ETA (seconds), breakpoints, checkpoints, commands "
        "that wait for their step, and the limits for agents.",
        RunArguments,
        _status,
    ),
    ToolSpec(
        "groups",
        "Parameter groups",
        "Return the parameter groups of a run: optimizer and settings, schedule, learning rate of "
        "the next step, norm of the last gradient, |update|/|weights| of the last step "
        "(update_ratio), and since which step a group is frozen.",
        GroupsArguments,
        _groups,
    ),
    ToolSpec(
        "metrics",
        "Curves of loss, metrics and groups",
        "Return curves of a run as steps and values, thinned out evenly: the loss of each step, "
        "metrics of the test set, and the learning rate, gradient norm and update ratio of groups. "
        "'of' is the number of values before; a value that is not finite is null.",
        MetricsArguments,
        _metrics,
    ),
    ToolSpec(
        "journal",
        "Journal of commands",
        "Return the journal of a run: all commands with step, actor (who), outcome (applied, "
        "unchanged, refused), message and reason (why).",
        JournalArguments,
        _journal,
    ),
    ToolSpec(
        "preview",
        "Preview a command",
        "Return what a command would do to the next update of each group, without applying it: "
        "update_ratio now and update_ratio_after; 'problem' says why it would be refused, and "
        "'effect' whether a breakpoint would pause the run, or a rule act, now. The "
        f"commands are:\n{_FORMS}",
        PreviewArguments,
        _preview,
    ),
    ToolSpec(
        "wait",
        "Wait for a condition",
        "Wait until a condition on a run holds, the run has ended, or the timeout has passed; "
        "'met' says whether it holds. To watch a long training, wait again and again.",
        WaitArguments,
        _wait,
    ),
    ToolSpec(
        "command",
        "Steer a run",
        "Give a run a command. It is applied before the next step, or before step 'at', and "
        "written to the journal with your reason. The outcome is applied, unchanged, scheduled, "
        "or refused with the reason in 'message': the run may have limits for agents. Use preview "
        f"first where you are not sure. The commands are:\n{_FORMS}",
        CommandArguments,
        _command,
        changes=True,
    ),
    ToolSpec(
        "cancel",
        "Cancel a scheduled command",
        "Cancel a command that waits for its step.",
        CancelArguments,
        _cancel,
        changes=True,
    ),
)
