"""The command line: ``tuitrain``, and its commands, from run to bench.

Imports neither Textual nor Numba before they are needed, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tuitrain import __version__
from tuitrain.errors import TuitrainError

if TYPE_CHECKING:
    from tuitrain.run.recorder import Recorder
    from tuitrain.scenario.events import Event
    from tuitrain.scenario.report import ProgressBar
    from tuitrain.scenario.schema import Scenario

HELD, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

Events: TypeAlias = "Callable[[ProgressBar, ExitStack], Iterator[Event]]"

_EPILOG = """\
exit status of replay, resume and run --headless:
  0  every expectation held; a run that was replayed came out identical
  1  an expectation failed, a planned command was refused, or a run came out different
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
    parser.set_defaults(
        action=_run, scenario=None, headless=False, out=None, json=False, read_only=False
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    run = _command(commands, "run", _run, "open the app on a scenario")
    _add_flight(run)
    run.add_argument("--headless", action="store_true", help="no screen: as replay does")
    run.add_argument("--json", action="store_true", help="with --headless: one object a line")
    serve = _command(commands, "serve", _serve, "open the app on a scenario, in a browser")
    _add_flight(serve)
    host = "whom to listen to (default: this machine alone)"
    serve.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help=host)
    port = "the port to listen at (default: 8000)"
    serve.add_argument("--port", type=int, default=8000, metavar="N", help=port)
    start = _command(
        commands, "start", _start, "choose a scenario, a past run or data, and open it"
    )
    runs = "where past runs are looked for (default: where the user's state is kept)"
    start.add_argument("--runs", type=Path, metavar="DIR", help=runs)
    show = _command(commands, "open", _open, "show a recorded run in the app, moment by moment")
    show.add_argument("folder", type=Path, metavar="RUN_DIR", help="the folder of a run")
    replay = _command(
        commands, "replay", _replay, "run scenarios or recorded runs again, and check them"
    )
    replay.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a scenario, or the folder of a run"
    )
    replay.add_argument("--json", action="store_true", help="one JSON object a line")
    resume = _command(commands, "resume", _resume, "go on with a recorded run to its end")
    resume.add_argument("folder", type=Path, metavar="RUN_DIR", help="the folder of a run")
    latest = "the checkpoint to go on from (default: the latest that fits; else the first step)"
    resume.add_argument("--from", dest="checkpoint", metavar="NAME", help=latest)
    resume.add_argument("--json", action="store_true", help="one JSON object a line")
    save = _command(commands, "save", _save, "save a recorded run as a scenario, or as Python")
    run_or_scenario = "the folder of a run; or a scenario, to be written as Python"
    save.add_argument("source", type=Path, metavar="RUN_DIR", help=run_or_scenario)
    target = "the file to write: .toml for a scenario, .py for a Python program that does the same"
    save.add_argument("target", type=Path, metavar="FILE", help=target)
    _add_bench(commands)
    return parser


def _add_flight(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scenario", nargs="?", type=Path, metavar="SCENARIO", help="a TOML file")
    out = "write the record of the run there (default: a new folder where the user's state is kept)"
    parser.add_argument("--out", type=Path, metavar="DIR", help=out)
    watch = "in the app: show the run, and refuse whatever would steer it"
    parser.add_argument("--read-only", action="store_true", help=watch)


def _add_bench(commands: argparse._SubParsersAction) -> None:
    bench = _command(commands, "bench", _bench, "measure how fast it is, beside what is installed")
    bench.add_argument("--quick", action="store_true", help="a few cells only: a minute or two")
    only = "measure these parts only (default: all)"
    bench.add_argument("--only", nargs="+", default=[], metavar="PART", help=only)
    without = "leave these peers out, such as 'torch.compile', whose compiler takes its time"
    bench.add_argument("--without", nargs="+", default=[], metavar="PEER", help=without)
    bench.add_argument("--json", action="store_true", help="print JSON instead of tables")
    out = "write a report there after every cell, as JSON; with --markdown: fill in this document"
    bench.add_argument("--out", type=Path, metavar="FILE", help=out)
    going_on = "measure what this report has not yet, and add it, cell by cell"
    bench.add_argument("--continue", type=Path, dest="going_on", metavar="FILE", help=going_on)
    repeat = "rounds: how often everything is measured (default: 5 at most; with --quick 3 or 1)"
    bench.add_argument("--repeat", type=int, metavar="N", help=repeat)
    tables = "measure nothing; print the tables of a report that was written with --out"
    bench.add_argument("--markdown", type=Path, metavar="REPORT", help=tables)


def _command(
    commands: argparse._SubParsersAction,
    name: str,
    action: Callable[[argparse.Namespace], int],
    does: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=does,
        description=f"{does[0].upper()}{does[1:]}.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(action=action)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    scenario, source = _scenario(arguments.scenario)
    if not arguments.headless:
        if arguments.json:
            raise TuitrainError("--json goes with --headless")
        return _fly_in_app(scenario, source, arguments.out, arguments.read_only)
    if arguments.read_only:
        raise TuitrainError("--read-only goes with the app: without a screen nobody steers")
    return _fly(scenario.name, arguments.json, _scenario_events(scenario, source, arguments.out))


def _serve(arguments: argparse.Namespace) -> int:
    from tuitrain.app.serving import serve

    if arguments.scenario is not None:
        _scenario(arguments.scenario)  # what is wrong with it is told here, and not in a browser
    given = [] if arguments.scenario is None else [str(arguments.scenario)]
    if arguments.out is not None:
        given += ["--out", str(arguments.out)]
    serve([*given, *["--read-only"] * arguments.read_only], arguments.host, arguments.port)
    return HELD


def _open(arguments: argparse.Namespace) -> int:
    from tuitrain.app.opening import check_terminal, show

    check_terminal()
    show(arguments.folder)
    return HELD


def _start(arguments: argparse.Namespace) -> int:
    from tuitrain.app.opening import check_terminal, start
    from tuitrain.scenario.past.runs import runs_folder

    check_terminal()
    start(arguments.runs or runs_folder())
    return HELD


def _replay(arguments: argparse.Namespace) -> int:
    from tuitrain.scenario.load import load

    status = HELD
    flights: list[Callable[[], int]] = []
    for path in arguments.files:
        try:
            flights.append(
                _comparing(path, arguments.json)
                if path.is_dir()
                else _flying(load(path), str(path), arguments.json)
            )
        except TuitrainError as mistake:
            status = _complain(mistake)
    for fly in flights if status == HELD else ():
        try:
            status = max(status, fly())
        except TuitrainError as mistake:
            status = _complain(mistake)
    return status


def _resume(arguments: argparse.Namespace) -> int:
    from tuitrain.scenario.resume import resume

    def events(bar: ProgressBar, files: ExitStack) -> Iterator[Event]:
        return resume(arguments.folder, files, bar.note, bar.steps, arguments.checkpoint)

    return _fly(str(arguments.folder), arguments.json, events)


def _save(arguments: argparse.Namespace) -> int:
    from tuitrain.scenario.save import save

    scenario = save(arguments.source, arguments.target)
    print(f"{arguments.target}: something is done at {len(scenario.at)} of its steps")
    return HELD


def _bench(arguments: argparse.Namespace) -> int:
    from tuitrain.bench.command import bench, write_markdown

    if arguments.markdown is not None:
        write_markdown(arguments.markdown, arguments.out)
    else:
        given = arguments.quick, arguments.only, arguments.json, arguments.out, arguments.repeat
        bench(*given, arguments.without, arguments.going_on)
    return HELD


def _flying(scenario: Scenario, source: str, json: bool) -> Callable[[], int]:
    return lambda: _fly(scenario.name, json, _scenario_events(scenario, source))


def _comparing(folder: Path, json: bool) -> Callable[[], int]:
    from tuitrain.run.folder import read_header

    read_header(folder)
    return lambda: _compare(folder, json)


def _compare(folder: Path, json: bool) -> int:
    from rich.console import Console

    from tuitrain.scenario.report import ProgressBar, told_comparison
    from tuitrain.scenario.rerun import compare

    bar = ProgressBar(str(folder), Console(stderr=True))
    with bar.shown():
        comparison, environments = compare(folder, bar.note, bar.steps)
    print(told_comparison(str(folder), comparison.step, comparison.difference, environments, json))
    return HELD if comparison.difference is None else FAILED


def _scenario(path: Path | None) -> tuple[Scenario, str]:
    from tuitrain.scenario.box import first_flight
    from tuitrain.scenario.load import load

    return first_flight() if path is None else (load(path), str(path))


def _scenario_events(scenario: Scenario, source: str, out: Path | None = None) -> Events:
    def events(bar: ProgressBar, files: ExitStack) -> Iterator[Event]:
        from tuitrain.run.recorder import NO_RECORD
        from tuitrain.scenario.replay import replay

        recorder = NO_RECORD if out is None else _folder(scenario, out, files)
        return replay(scenario, source, bar.note, bar.steps, recorder)

    return events


def _fly(name: str, json: bool, events: Events) -> int:
    """Report a headless run; the status says whether all held."""
    from rich.console import Console

    from tuitrain.scenario.events import Ended
    from tuitrain.scenario.report import JsonReport, ProgressBar, Report, TextReport

    console = Console()
    shares_terminal = console.is_terminal and not json
    bar = ProgressBar(name, console if shares_terminal else Console(stderr=True))
    reports: list[Report] = [JsonReport(sys.stdout) if json else TextReport(console), bar]
    event: Event | None = None
    with ExitStack() as files:
        files.enter_context(bar.shown())
        for event in events(bar, files):
            for report in reports:
                report.tell(event)
    return HELD if isinstance(event, Ended) and event.ok else FAILED


def _fly_in_app(scenario: Scenario, source: str, out: Path | None, read_only: bool) -> int:
    from tuitrain.app.opening import check_terminal, fly

    check_terminal()
    fly(scenario, source, out, read_only)
    return HELD


def _folder(scenario: Scenario, out: Path, files: ExitStack) -> Recorder:
    from tuitrain.run.folder import RunFolder
    from tuitrain.scenario.rerun import header_of

    return RunFolder(out, header_of(scenario), files)


def _complain(mistake: TuitrainError) -> int:
    print(f"tuitrain: {mistake}", file=sys.stderr)
    return BAD_INPUT


if __name__ == "__main__":
    sys.exit(main())
