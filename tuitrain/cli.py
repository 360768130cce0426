"""The command line: ``tuitrain``, ``tuitrain run``, ``tuitrain replay``.

Imports neither Textual nor Numba before they are needed, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from tuitrain import __version__
from tuitrain.errors import TuitrainError

if TYPE_CHECKING:
    from tuitrain.scenario.events import Event
    from tuitrain.scenario.schema import Scenario

HELD, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

_EPILOG = """\
exit status of replay and of run --headless:
  0  every expectation held
  1  an expectation failed, or a planned command was refused
  2  bad input: a file, a key, a value
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.action(arguments)
    except TuitrainError as mistake:
        return _complain(mistake)
    except KeyboardInterrupt:
        print("tuitrain: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our stdout has left, as `head` does
        sys.stderr.close()
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tuitrain",
        description="The flight deck for training: watch a neural network learn, group by group, "
        "and steer it while it runs. Without arguments, opens LeNet learning digits.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tuitrain {__version__}")
    parser.set_defaults(action=_run, scenario=None, headless=False, out=None, json=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_run(commands)
    _add_replay(commands)
    return parser


def _add_run(commands: argparse._SubParsersAction) -> None:
    run = commands.add_parser(
        "run", help="open the app on a scenario", description="Open the app on a scenario."
    )
    run.add_argument("scenario", nargs="?", type=Path, metavar="SCENARIO", help="a TOML file")
    run.add_argument("--headless", action="store_true", help="no screen: as replay does")
    run.add_argument(
        "--out", type=Path, metavar="DIR", help="with --headless: write a record of the run there"
    )
    run.add_argument("--json", action="store_true", help="with --headless: one object a line")
    run.set_defaults(action=_run)


def _add_replay(commands: argparse._SubParsersAction) -> None:
    replay = commands.add_parser(
        "replay",
        help="run scenarios without a screen and check what they expect",
        description="Run scenarios without a screen and check what they expect.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    replay.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a TOML file")
    replay.add_argument("--json", action="store_true", help="one JSON object a line")
    replay.set_defaults(action=_replay)


def _run(arguments: argparse.Namespace) -> int:
    scenario, source = _scenario(arguments.scenario)
    if arguments.headless:
        return _headless(scenario, source, arguments.json, arguments.out)
    if arguments.json or arguments.out:
        raise TuitrainError("--json and --out go with --headless; the app writes no record")
    return _open_app(scenario, source)


def _replay(arguments: argparse.Namespace) -> int:
    from tuitrain.scenario.load import load

    status = HELD
    loaded: list[tuple[Scenario, str]] = []
    for path in arguments.files:
        try:
            loaded.append((load(path), str(path)))
        except TuitrainError as mistake:
            status = _complain(mistake)
    for scenario, source in loaded if status == HELD else ():
        try:
            status = max(status, _headless(scenario, source, arguments.json, None))
        except TuitrainError as mistake:
            status = _complain(mistake)
    return status


def _scenario(path: Path | None) -> tuple[Scenario, str]:
    from tuitrain.scenario.load import load, loads

    if path is not None:
        return load(path), str(path)
    text = (
        resources.files("tuitrain.scenario")
        .joinpath("first_flight.toml")
        .read_text(encoding="utf-8")
    )
    return loads(text, "first_flight.toml"), "first_flight.toml"


def _headless(scenario: Scenario, source: str, json: bool, out: Path | None) -> int:
    from rich.console import Console

    from tuitrain.scenario.events import Ended
    from tuitrain.scenario.report import FolderReport, JsonReport, ProgressBar, Report, TextReport

    console = Console()
    shares_terminal = console.is_terminal and not json
    bar = ProgressBar(scenario.name, console if shares_terminal else Console(stderr=True))
    reports: list[Report] = [JsonReport(sys.stdout) if json else TextReport(console), bar]
    event: Event | None = None
    with ExitStack() as files:
        if out is not None:
            reports.append(FolderReport(out, scenario, files))
        files.enter_context(bar.shown())
        for event in _events(scenario, source, bar.note, bar.steps):
            for report in reports:
                report.tell(event)
    return HELD if isinstance(event, Ended) and event.ok else FAILED


def _events(scenario: Scenario, source: str, note, steps) -> Iterator[Event]:
    from tuitrain.scenario.replay import replay

    return replay(scenario, source, note, steps)


def _open_app(scenario: Scenario, source: str) -> int:
    from tuitrain.app.app import TuitrainApp
    from tuitrain.run.live import LiveRun
    from tuitrain.scenario.build import build, title_of

    if not all(each.isatty() for each in (sys.stdin, sys.stdout, sys.stderr)):
        raise TuitrainError("the app needs a terminal; without one use: tuitrain run --headless")
    run = LiveRun(lambda tell: build(scenario, source, tell), title_of(scenario)).start()
    TuitrainApp(run).run()
    return HELD


def _complain(mistake: TuitrainError) -> int:
    print(f"tuitrain: {mistake}", file=sys.stderr)
    return BAD_INPUT


if __name__ == "__main__":
    sys.exit(main())
