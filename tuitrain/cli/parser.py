"""The arguments of every command, and its action."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn, TypeAlias

from tuitrain import __version__
from tuitrain.errors import TuitrainError, did_you_mean
from tuitrain.user_paths import output_path, user_path

from . import actions, live_actions, live_parsers, log_actions, record_parsers
from .command_words import (
    split_repeated_command,
    split_script_arguments,
    take_control_words,
    unknown_word_error,
)

Commands: TypeAlias = "argparse._SubParsersAction[_Parser]"

_EPILOG = """\
exit status:
  0    every expectation held, a run that was replayed came out identical, the app was left
  1    an expectation failed, a planned command was refused, a run came out different, or its record
       holds too little to say so; a step of the run has raised, or the screen has failed
  2    bad input, found before a step was taken: a file, a key, a value, a plan that cannot be
  3    no such run is live
  130  interrupted; 143 ended by SIGTERM, 129 by SIGHUP
"""

_CONTROL_EPILOG = """\
exit status:
  0    the command was applied, changed nothing, or is scheduled; the condition was met; answered
  1    the command was refused, or the condition was not met
  2    wrong use: a word, an option, a condition
  3    no such run is live, or it cannot be reached
"""


def parse_arguments(words: Sequence[str]) -> argparse.Namespace:
    """Parse the words of a command line into arguments with an ``action``.

    Raises
    ------
    TuitrainError : an unknown command or option, whose nearest match it names; a missing or wrong
        argument
    SystemExit : the user asked for help or the version
    """
    parser, commands = build_parsers()
    words, command = split_repeated_command(words)
    words, script_arguments = split_script_arguments(words)
    name = next(iter(words), "")
    if name and not name.startswith("-") and name not in commands:
        hint = (
            f", did you mean 'run {shlex.quote(name)}'?"
            if user_path(name).exists()
            else did_you_mean(name, commands)
        )
        raise TuitrainError(
            f"no command is called {name!r}{hint} (commands: {', '.join(commands)})"
        )
    arguments, unknown = parser.parse_known_args(words)
    if name == "ctl":
        unknown = take_control_words(arguments, unknown)
    if unknown:
        raise unknown_word_error(unknown[0], words, commands.get(name, parser))
    arguments.command = command
    arguments.arguments = [*arguments.arguments, *script_arguments]
    return arguments


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are `TuitrainError`, in one sentence.

    Attributes
    ----------
    example : a whole command, for the error of a missing argument
    """

    example = ""

    def error(self, message: str) -> NoReturn:
        """Report a wrong argument in one sentence.

        Raises
        ------
        TuitrainError : always
        """
        missing = message.removeprefix("the following arguments are required: ")
        if missing != message:
            names = missing.replace(", ", " and ")
            example = f", such as '{self.example}'" if self.example else ""
            raise TuitrainError(f"{self.prog} needs {names}{example}; --help says more")
        problem = message.removeprefix("argument ")
        raise TuitrainError(f"{self.prog}: {problem}; --help says what it takes")


def build_parsers() -> tuple[argparse.ArgumentParser, Mapping[str, argparse.ArgumentParser]]:
    """Return the parser of the whole command line, and those of its commands, by name."""
    parser = _Parser(
        prog="tuitrain",
        description="The flight deck for training: watch a neural network learn, group by group,\n"
        "and steer it while it runs. Without arguments, opens the first flight: LeNet\n"
        "learning digits, with a tour. Then: tuitrain run FILE, or tuitrain start.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tuitrain {__version__}")
    parser.set_defaults(
        action=actions.run,
        scenario=None,
        headless=False,
        detach=False,
        hosted=False,
        continued=False,
        private=False,
        out=None,
        json=False,
        read_only=False,
        paused=False,
        arguments=[],
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_run(commands)
    _add_serve(commands)
    _add_start(commands)
    _add_records(commands)
    _add_live(commands)
    _add_bench(commands)
    return parser, commands.choices


def _add_run(commands: Commands) -> None:
    run = _command(commands, "run", actions.run, "open the app on a scenario, or on a script")
    _add_flight(run, "a TOML file, or a Python script that calls tuitrain.watch")
    words = "of a script; those that begin with a dash, and all after them, follow --"
    run.add_argument("arguments", nargs="*", metavar="ARGUMENT", help=words)
    run.add_argument("--headless", action="store_true", help="no screen: as replay does")
    detach = "no screen: train in a process of its own, which outlives this terminal"
    run.add_argument("--detach", action="store_true", help=detach)
    private = "keep the run out of reach of attach, ctl and list"
    run.add_argument("--private", action="store_true", help=private)
    run.add_argument("--hosted", action="store_true", help=argparse.SUPPRESS)
    run.add_argument("--continued", action="store_true", help=argparse.SUPPRESS)
    run.add_argument("--json", action="store_true", help="with --headless: one object a line")


def _add_live(commands: Commands) -> None:
    """Add the commands about live runs."""
    description = "list the live runs of this machine, and past ones below"
    live_parsers.add_list(_command(commands, "list", live_actions.list_live, description))
    description = "open the app on a live run; leaving it leaves the run alone"
    live_parsers.add_attach(_command(commands, "attach", live_actions.attach, description))
    description = "send a command to a live run, or ask it something"
    control = _command(commands, "ctl", live_actions.control, description)
    control.epilog, control.example = _CONTROL_EPILOG, "tuitrain ctl lenet status"
    live_parsers.add_control(control)
    description = "serve live runs to an agent on standard input and output (MCP)"
    live_parsers.add_mcp(_command(commands, "mcp", live_actions.serve_mcp, description))
    description = "connect standard input and output to a live run: what attach starts over ssh"
    live_parsers.add_relay(_command(commands, "relay", live_actions.relay, description))


def _add_serve(commands: Commands) -> None:
    serve = _command(commands, "serve", actions.serve, "open the app on a scenario, in a browser")
    _add_flight(serve)
    attach = "show this live run instead: its name, id or folder, or HOST:RUN"
    serve.add_argument("--attach", metavar="RUN", help=attach)
    host = "the address to listen on (default: this machine only)"
    serve.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help=host)
    port = "the port to listen on (default: 8000)"
    serve.add_argument("--port", type=_integer, default=8000, metavar="N", help=port)


def _add_start(commands: Commands) -> None:
    description = "choose a scenario, a past run or data, and open it"
    start = _command(commands, "start", actions.start, description)
    runs = "the folder of past runs (default: in the user's state folder)"
    start.add_argument("--runs", type=user_path, metavar="DIR", help=runs)


def _add_records(commands: Commands) -> None:
    """Add the commands about records, past runs and data."""
    description = "show a recorded run in the app, moment by moment"
    record_parsers.add_open(_command(commands, "open", actions.open_record, description))
    description = "run scenarios or recorded runs again, and check them"
    record_parsers.add_replay(_command(commands, "replay", actions.replay, description))
    description = "continue a recorded run to its end"
    record_parsers.add_resume(_command(commands, "resume", actions.resume, description))
    description = "save a recorded run as a scenario or as Python, that of a script as a plan"
    record_parsers.add_save(_command(commands, "save", actions.save, description))
    description = "write the values of a recorded run for other tools"
    record_parsers.add_export(_command(commands, "export", log_actions.export, description))
    description = "make recordings of a folder of TensorBoard"
    record_parsers.add_import(_command(commands, "import", log_actions.import_logs, description))
    description = "list the data sets in the box, or say what a file or folder holds"
    record_parsers.add_data(_command(commands, "data", actions.data, description))


def _add_flight(parser: argparse.ArgumentParser, scenario: str = "a TOML file") -> None:
    parser.add_argument("scenario", nargs="?", type=user_path, metavar="SCENARIO", help=scenario)
    out = "write the record of the run there (default: a new folder in the user's state folder)"
    parser.add_argument("--out", type=output_path, metavar="DIR", help=out)
    watch = "in the app: show the run, and refuse commands"
    parser.add_argument("--read-only", action="store_true", help=watch)
    paused = "pause before the first step, until the run is resumed"
    parser.add_argument("--paused", action="store_true", help=paused)


def _add_bench(commands: Commands) -> None:
    bench = _command(
        commands, "bench", actions.bench, "measure speed beside the libraries that are installed"
    )
    bench.add_argument("--quick", action="store_true", help="a few cells only: a minute or two")
    only = "measure these parts only (default: all)"
    bench.add_argument("--only", nargs="+", default=[], metavar="PART", help=only)
    without = "leave these peers out, such as 'torch.compile', whose compiler is slow"
    bench.add_argument("--without", nargs="+", default=[], metavar="PEER", help=without)
    bench.add_argument("--json", action="store_true", help="print JSON instead of tables")
    out = "write a report there after every cell, as JSON; with --markdown: fill in this document"
    bench.add_argument("--out", type=output_path, metavar="FILE", help=out)
    resumed = "measure the cells that this report lacks, and add them one by one"
    bench.add_argument(
        "--continue", type=user_path, dest="resumed_report", metavar="FILE", help=resumed
    )
    repeat = "rounds: how often every cell is measured (default: at most 5; with --quick 3 or 1)"
    bench.add_argument("--repeat", type=_integer, metavar="N", help=repeat)
    tables = "measure nothing; print the tables of a report that was written with --out"
    bench.add_argument("--markdown", type=user_path, metavar="REPORT", help=tables)


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r:.40} is not a whole number") from None


def _command(
    commands: Commands,
    name: str,
    action: Callable[[argparse.Namespace], int],
    description: str,
) -> _Parser:
    parser = commands.add_parser(
        name,
        help=description,
        description=f"{description[0].upper()}{description[1:]}.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(action=action)
    return parser
