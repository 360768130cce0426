"""The calls of the tools: each asks a run, or steers it, and returns the answer."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from tuitrain.errors import TuitrainError
from tuitrain.predicates import never
from tuitrain.remote.client.find_endpoint import endpoint_of, local_socket
from tuitrain.remote.control import questions
from tuitrain.remote.control.client import ControlClient
from tuitrain.remote.errors import NoAnswerError
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
)

PREVIEW_SECONDS: Final = 60.0
"""Seconds in which a preview must be answered; a step may be long."""

ACTOR: Final = "agent"
"""The kind of actor for which a run has limits; see ``docs/how-to/limits.md``."""


def _ignore(*_: Any) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Caller:
    """The client that calls a tool, and its run.

    Attributes
    ----------
    name : of the client, for the journal
    run : the only run of this server; "" if the calls name their runs
    may_act : whether the tools that change runs may be called
    is_cancelled : whether the client has cancelled the call
    on_progress : called during a wait, with the seconds passed, all seconds, and the state
    slice_seconds : seconds after which a wait reports its progress, and checks whether it was
        cancelled
    """

    name: str
    run: str = ""
    may_act: bool = False
    is_cancelled: Callable[[], bool] = never
    on_progress: Callable[[float, float, str], None] = _ignore
    slice_seconds: float = 2.0

    def connect(self, run: str) -> ControlClient:
        """Return a connection to a run, for a ``with`` block."""
        return ControlClient(endpoint_of(self.run or run), self.name)


def call_list_runs(caller: Caller, _: NoArguments) -> dict[str, Any]:
    """List the live runs of this machine."""
    del caller
    return answers.runs_answer([questions.listed_run(row) for row in list_live_runs()])


def call_status(caller: Caller, arguments: RunArguments) -> dict[str, Any]:
    """Return the state of a run."""
    socket = local_socket(caller.run or arguments.run)
    with caller.connect(arguments.run) as client:
        return answers.plain(questions.status_reply(client.snapshot(), client.welcome, socket))


def call_groups(caller: Caller, arguments: GroupsArguments) -> dict[str, Any]:
    """Return the groups of a run."""
    with caller.connect(arguments.run) as client:
        reply = questions.groups_reply(client.snapshot())
    return answers.groups_answer(reply, arguments.names, arguments.parameters)


def call_metrics(caller: Caller, arguments: MetricsArguments) -> dict[str, Any]:
    """Return curves of a run."""
    with caller.connect(arguments.run) as client:
        snapshot = client.snapshot()
    count = len(arguments.names) or 1 + len(snapshot.metrics)
    points = answers.points_for(count, arguments.points)
    chosen = arguments.first, arguments.last, points
    return answers.metrics_answer(questions.metrics_reply(snapshot, arguments.names, *chosen))


def call_journal(caller: Caller, arguments: JournalArguments) -> dict[str, Any]:
    """Return entries of the journal."""
    with caller.connect(arguments.run) as client:
        reply = questions.journal_reply(client.snapshot(), arguments.since or 0)
    return answers.journal_answer(reply, arguments.since is None, arguments.limit)


def call_preview(caller: Caller, arguments: PreviewArguments) -> dict[str, Any]:
    """Preview a command."""
    with caller.connect(arguments.run) as client:
        return answers.plain(client.preview(arguments.command, PREVIEW_SECONDS))


def call_wait(caller: Caller, arguments: WaitArguments) -> dict[str, Any]:
    """Wait for a condition, in slices, so that a cancelled call ends soon."""
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


def call_command(caller: Caller, arguments: CommandArguments) -> dict[str, Any]:
    """Give a command, and wait for its answer.

    Raises
    ------
    TuitrainError : the reason is empty, or the command cannot be read
    NoAnswerError : there is no answer in time; says how to ask again
    """
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


def call_cancel(caller: Caller, arguments: CancelArguments) -> dict[str, Any]:
    """Cancel a command that waits for its step."""
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
