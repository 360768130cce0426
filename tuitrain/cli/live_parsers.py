"""The arguments of commands about live runs."""

from __future__ import annotations

import argparse
import math

from tuitrain.commands import MAX_COUNT

RUN_HELP = "a live run: its name, id or folder; HOST:RUN on another machine, over ssh"


def add_list(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``list``."""
    command.add_argument(
        "--json", action="store_true", help="one JSON object a line, live runs only"
    )
    again = "list again every SECONDS; an empty line ends each list"
    command.add_argument("--every", type=_seconds, metavar="SECONDS", help=again)


def add_attach(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``attach``."""
    command.add_argument("run", nargs="?", default="", metavar="RUN", help=RUN_HELP)
    watch = "show the run, and refuse commands"
    command.add_argument("--read-only", action="store_true", help=watch)


def add_relay(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``relay``."""
    where = "a live run of this machine: its name, id or folder"
    command.add_argument("run", nargs="?", default="", metavar="RUN", help=where)


def add_mcp(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mcp``."""
    only = "the only run that the client may see (default: all live runs of this machine)"
    command.add_argument("run", nargs="?", default="", metavar="RUN", help=only)
    act = "let the client change runs, within the limits that they have for agents"
    command.add_argument("--act", action="store_true", help=act)


def add_control(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``ctl``."""
    run = f"{RUN_HELP}; may be left out before one WORD if one run is live"
    command.add_argument("run", metavar="RUN", help=run)
    words = (
        "a command, as on the line of the app; or status, groups, metrics [NAME ...], journal, "
        "wait, preview COMMAND, cancel ID"
    )
    command.add_argument("words", nargs="*", metavar="WORD", help=words)
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.add_argument("--why", metavar="TEXT", help="the reason, kept in the journal")
    at = "apply the command before this step"
    command.add_argument("--at", type=_count, metavar="STEP", help=at)
    agent = "name an agent as the actor in the journal"
    command.add_argument("--agent", action="store_true", help=agent)
    timeout = "maximum seconds to wait (default: 60 for an answer, no limit for wait)"
    command.add_argument("--timeout", type=_seconds, metavar="SECONDS", help=timeout)
    until = "with wait: 'step N', 'loss < X', a condition of break such as 'METRIC >= X', break, "
    until += "paused or end"
    command.add_argument("--until", metavar="CONDITION", help=until)
    first = "with metrics: the first step"
    command.add_argument("--from", dest="first", type=_count, metavar="STEP", help=first)
    last = "with metrics: the last step"
    command.add_argument("--to", dest="last", type=_count, metavar="STEP", help=last)
    points = "with metrics: maximum number of values of a curve (default: 200)"
    command.add_argument("--points", type=_positive, metavar="N", help=points)
    since = "with journal: only entries after the first N"
    command.add_argument("--since", type=_count, metavar="N", help=since)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > MAX_COUNT:
        raise argparse.ArgumentTypeError(
            f"{text!r:.40} is not a whole number from 0 to {MAX_COUNT}"
        )
    return int(text)


def _positive(text: str) -> int:
    number = _count(text)
    if not number:
        raise argparse.ArgumentTypeError("0 is too small: at least 1 value")
    return number


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= 1e9:
        raise argparse.ArgumentTypeError(f"{text!r:.40} is not a number of seconds above 0")
    return seconds
