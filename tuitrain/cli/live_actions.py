"""The actions of commands about live runs: list, attach, relay, ctl."""

from __future__ import annotations

import argparse
import sys
import time
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from tuitrain.encoding import ascii_json, write_line
from tuitrain.errors import TuitrainError

from .signals import signals_raise
from .status import FAILED, OK

if TYPE_CHECKING:
    from tuitrain.remote.control.client import ControlClient

_OPTIONS: Final = {
    "status": (),
    "groups": (),
    "metrics": ("first", "last", "points"),
    "journal": ("since",),
    "wait": ("until", "timeout"),
    "preview": ("timeout",),
    "cancel": ("timeout", "agent"),
}
"""The options that go with each question."""

_COMMAND_OPTIONS: Final = ("why", "at", "timeout", "agent")
"""The options that go with a command."""

QUESTIONS: Final = tuple(_OPTIONS)
"""The words after RUN that are not commands of the run."""

REPLY_SECONDS: Final = 60.0
"""Seconds in which a command must be answered: a step may be long, and kernels may compile."""


def list_live(arguments: argparse.Namespace) -> int:
    """List the live runs of this machine, once or again and again."""
    from tuitrain.remote.control.live_table import live_lines, past_lines
    from tuitrain.remote.control.questions import listed_run
    from tuitrain.remote.local.live_runs import list_live_runs

    with signals_raise():
        while True:
            rows = [listed_run(row) for row in list_live_runs()]
            if arguments.json:
                lines = [ascii_json(row) for row in rows]
            else:
                lines = [*live_lines(rows), *past_lines(rows)]
            for line in lines:
                write_line(line, sys.stdout)
            if arguments.every is None:
                return OK
            write_line("", sys.stdout)  # ends this list
            time.sleep(arguments.every)


def attach(arguments: argparse.Namespace) -> int:
    """Open the app on a live run."""
    from tuitrain.app.launch.attached import open_attached
    from tuitrain.app.launch.terminal_check import check_terminal, is_in_browser
    from tuitrain.remote.client.find_endpoint import endpoint_of

    check_terminal("tuitrain ctl RUN status")
    open_attached(endpoint_of(arguments.run, asks=not is_in_browser()), arguments.read_only)
    return OK


def relay(arguments: argparse.Namespace) -> int:
    """Pass frames between the standard streams and a run."""
    from tuitrain.remote.local.find_run import find_run
    from tuitrain.remote.relay import relay as pass_frames

    with signals_raise():
        pass_frames(find_run(arguments.run))
    return OK


def serve_mcp(arguments: argparse.Namespace) -> int:
    """Serve an agent on the standard streams, by the Model Context Protocol."""
    try:
        from tuitrain.mcp_server.stdio_server import serve
    except ModuleNotFoundError as missing:
        if missing.name not in ("mcp", "anyio"):
            raise
        raise TuitrainError(
            "tuitrain mcp needs the package mcp: pip install 'tuitrain[mcp]'"
        ) from None
    with signals_raise():
        serve(arguments.run, arguments.act)
    return OK


def control(arguments: argparse.Namespace) -> int:
    """Send a command to a live run, or ask it something."""
    from tuitrain.remote.client.find_endpoint import endpoint_of
    from tuitrain.remote.control.client import ControlClient
    from tuitrain.remote.identity import viewer_name

    if not arguments.words and _is_request(arguments.run):
        arguments.run, arguments.words = "", [arguments.run]
    words = arguments.words
    question = words[0] if words and words[0] in QUESTIONS else ""
    _check_options(arguments, question)
    with signals_raise(), ControlClient(endpoint_of(arguments.run), viewer_name()) as client:
        reply, is_met = _answer(client, arguments, question)
    if arguments.json:
        write_line(ascii_json(reply), sys.stdout)
    else:
        from tuitrain.remote.control.text import reply_lines

        for line in reply_lines(reply):
            write_line(line, sys.stdout)
    return OK if is_met else FAILED


def _is_request(word: str) -> bool:
    """Return whether a word is a question or a command, and so no name of a run."""
    from tuitrain.commands import parse
    from tuitrain.errors import CommandError

    if word in QUESTIONS or " " in word:
        return True
    try:
        parse(word)
    except CommandError:
        return False
    return True


def _answer(
    client: ControlClient, arguments: argparse.Namespace, question: str
) -> tuple[Any, bool]:
    """Return the answer, and whether the command was not refused, or the condition was met."""
    from tuitrain.remote.client.find_endpoint import local_socket
    from tuitrain.remote.control import questions

    words, timeout = arguments.words, arguments.timeout
    actor = "agent" if arguments.agent else "ctl"
    match question:
        case "status":
            snapshot, socket = client.snapshot(), local_socket(arguments.run)
            return questions.status_reply(snapshot, client.welcome, socket), True
        case "groups":
            return questions.groups_reply(client.snapshot()), True
        case "metrics":
            first, last, points = arguments.first or 0, arguments.last, arguments.points
            points = questions.MAX_POINTS if points is None else points
            reply = questions.metrics_reply(client.snapshot(), words[1:], first, last, points)
            return reply, True
        case "journal":
            return questions.journal_reply(client.snapshot(), arguments.since or 0), True
        case "wait":
            waited = client.wait(arguments.until, timeout)
            return waited, waited.met
        case "preview":
            preview = client.preview(" ".join(words[1:]), timeout or REPLY_SECONDS)
            return preview, not preview.problem
        case "cancel":
            cancelled = client.cancel(int(words[1]), actor, timeout or REPLY_SECONDS)
            return cancelled, cancelled.outcome == "refused"
        case _:
            why, at = arguments.why or "", arguments.at
            sent = client.send(" ".join(words), actor, why, at, timeout or REPLY_SECONDS)
            return sent, sent.outcome != "refused"


def _check_options(arguments: argparse.Namespace, question: str) -> None:
    """Check that each option goes with the command or the question.

    Raises
    ------
    TuitrainError : one does not; names those that do
    """
    words = arguments.words
    if not words:
        raise TuitrainError(
            "tuitrain ctl needs a command, such as 'freeze conv', or one of: "
            + ", ".join(QUESTIONS)
        )
    if question == "wait" and not arguments.until:
        raise TuitrainError("tuitrain ctl RUN wait needs --until, such as --until 'loss < 0.1'")
    if question == "preview" and len(words) < 2:
        raise TuitrainError("tuitrain ctl RUN preview needs a command, such as 'lr fc 0.01'")
    if question == "cancel" and not (len(words) == 2 and words[1].isascii() and words[1].isdigit()):
        raise TuitrainError("tuitrain ctl RUN cancel needs the id of a command that waits")
    if question in ("status", "groups", "journal", "wait") and len(words) > 1:
        raise TuitrainError(f"tuitrain ctl RUN {question} does not take {words[1]!r}")
    allowed = _OPTIONS.get(question, _COMMAND_OPTIONS)
    for name in dict.fromkeys(chain(_COMMAND_OPTIONS, *_OPTIONS.values())):
        if getattr(arguments, name) not in (None, False) and name not in allowed:
            flag = {"first": "from", "last": "to"}.get(name, name)
            what = question or "a command"
            raise TuitrainError(f"--{flag} does not go with {what}")
