"""The actions of the command line: each takes arguments and returns an exit status."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tuitrain.errors import TuitrainError
from tuitrain.text import visible

from . import detached, headless, script_actions
from .scenario_path import check_runnable
from .signals import signals_raise
from .status import OK, report_error

if TYPE_CHECKING:
    from tuitrain.scenario.events import Event
    from tuitrain.scenario.report import ProgressBar
    from tuitrain.scenario.schema import Scenario


def run(arguments: argparse.Namespace) -> int:
    """Open the app on a scenario or a script, or run it without a screen."""
    _start_alerts()
    _check_paused(arguments)
    is_script = arguments.scenario is not None and arguments.scenario.suffix == ".py"
    if arguments.scenario is not None and (is_script or not arguments.arguments):
        check_runnable(arguments.scenario)
    if is_script:
        return script_actions.run_script(arguments)
    if arguments.arguments:
        raise TuitrainError(
            f"tuitrain run does not take {arguments.arguments[0]!r}; --help says what it takes"
        )
    scenario, source = _scenario(arguments.scenario)
    if arguments.detach:
        return detached.start_run(scenario.name, arguments)
    if arguments.hosted:
        return detached.host_run(scenario, source, arguments)
    if not arguments.headless:
        if arguments.json:
            raise TuitrainError("--json goes with --headless")
        return _open_in_app(scenario, source, arguments)
    if arguments.read_only:
        raise TuitrainError(
            "--read-only needs the app: without a screen there are no keys to refuse"
        )
    events = headless.scenario_events(scenario, source, arguments.out, arguments.private)
    return headless.run(scenario.name, arguments.json, events)


def serve(arguments: argparse.Namespace) -> int:
    """Serve the app to a browser."""
    from tuitrain.app.web import serve as web

    _check_paused(arguments)
    if arguments.attach is not None:
        return _serve_live(arguments)
    if arguments.scenario is not None:
        check_runnable(arguments.scenario, takes_scripts=False)
        _scenario(arguments.scenario)  # report its errors here, not in a browser
    options = [] if arguments.scenario is None else [str(arguments.scenario)]
    if arguments.out is not None:
        options += ["--out", str(arguments.out)]
    options += ["--paused"] * arguments.paused + ["--read-only"] * arguments.read_only
    web.serve(["run", *options], arguments.host, arguments.port)
    return OK


def _serve_live(arguments: argparse.Namespace) -> int:
    """Serve a live run to a browser."""
    from tuitrain.app.web import serve as web
    from tuitrain.remote.client.find_endpoint import check_live

    if arguments.scenario is not None or arguments.out is not None or arguments.paused:
        raise TuitrainError(
            "--attach names a live run; a scenario, --out and --paused go with a new one"
        )
    check = partial(check_live, arguments.attach)
    check()  # report its errors here, not in a browser
    read_only = ["--read-only"] * arguments.read_only
    words = ["attach", *read_only, *([arguments.attach] if arguments.attach else [])]
    web.serve(words, arguments.host, arguments.port, check)
    return OK


def open_record(arguments: argparse.Namespace) -> int:
    """Show a recorded run in the app."""
    from tuitrain.app.launch.scenarios import open_recording
    from tuitrain.app.launch.terminal_check import check_terminal

    check_terminal("tuitrain export RUN_DIR --csv FILE")
    open_recording(arguments.folder)
    return OK


def start(arguments: argparse.Namespace) -> int:
    """Open the start screen."""
    _start_alerts()
    from tuitrain.app.launch.start import open_start_screen
    from tuitrain.app.launch.terminal_check import check_terminal
    from tuitrain.scenario.runs.run_list import runs_folder

    check_terminal("tuitrain list")
    open_start_screen(arguments.runs or runs_folder())
    return OK


def replay(arguments: argparse.Namespace) -> int:
    """Run scenarios and recorded runs again; run none if one of them cannot be read."""
    from tuitrain.scenario.load import load

    if arguments.command:
        return script_actions.replay_script(arguments)
    status = OK
    runs: list[Callable[[], int]] = []
    for path in arguments.files:
        try:
            if path.is_dir():
                runs.append(headless.record_verifier(path, arguments.json))
            else:
                check_runnable(path, takes_scripts=False)
                runs.append(headless.scenario_runner(load(path), str(path), arguments.json))
        except TuitrainError as error:
            status = report_error(error)
    for run_again in runs if status == OK else ():
        try:
            result = run_again()
        except TuitrainError as error:
            result = report_error(error)
        status = max(status, result)
    return status


def resume(arguments: argparse.Namespace) -> int:
    """Continue a recorded run, without a screen."""
    _start_alerts()
    if arguments.paused and not (arguments.detach or arguments.hosted):
        raise TuitrainError("--paused goes with --detach: without viewers nothing resumes the run")
    if not arguments.hosted:
        from tuitrain.remote.local.find_run import check_not_live

        check_not_live(arguments.folder)
        if arguments.checkpoint is None and not arguments.although_changed:
            from tuitrain.records.summary import check_unfinished

            check_unfinished(arguments.folder)
    if arguments.command:
        return script_actions.resume_script(arguments)
    script_actions.check_needs_no_script(arguments.folder, "resume")
    if arguments.detach:
        return detached.start_resumed(arguments)
    if arguments.hosted:
        return detached.host_resumed(arguments)
    from tuitrain.scenario import resume as resuming

    def events(bar: ProgressBar, files: ExitStack) -> Iterator[Event]:
        from tuitrain.scenario.build import make_run_info
        from tuitrain.scenario.verify import read_repeatable
        from tuitrain.tracking.live import continue_logs

        info = make_run_info(read_repeatable(arguments.folder)[1])
        access = headless.serve_to_viewers(arguments.folder, info, files)
        return resuming.resume(
            arguments.folder,
            files,
            bar.show_task,
            bar.set_steps,
            arguments.checkpoint,
            arguments.although_changed,
            access,
            continue_logs(arguments.folder, files),
        )

    return headless.run(str(arguments.folder), arguments.json, events)


def save(arguments: argparse.Namespace) -> int:
    """Save a recorded run as a scenario, a program or a plan."""
    from tuitrain.engines.registry import SCRIPT_ENGINE
    from tuitrain.scenario import save as saving

    scenario = saving.save(arguments.source, arguments.target)
    steps = len(scenario.at)
    commands = f"commands at {steps} {'step' if steps == 1 else 'steps'}"
    if scenario.engine == SCRIPT_ENGINE:
        done = f"written; a plan for watch(…, scenario={arguments.target.name!r}), with {commands}"
    else:
        length = f"{scenario.steps} steps" if scenario.steps else f"{scenario.epochs} epochs"
        done = f"written; it trains {length}, with {commands}"
    print(visible(f"{arguments.target}: {done}"))
    return OK


def data(arguments: argparse.Namespace) -> int:
    """List the data sets in the box, or describe data."""
    from rich.console import Console

    from tuitrain.encoding import ascii_json, write_line
    from tuitrain.scenario.descriptions import data_description, data_report

    if arguments.name is None:
        listed = data_description.list_data()
        lines = [ascii_json(listed)] if arguments.json else data_report.format_list()
        picture = None
    else:
        description, picture = data_description.describe(arguments.name)
        lines = (
            [ascii_json(description)]
            if arguments.json
            else data_report.format_description(description)
        )
    for line in lines:
        write_line(line, sys.stdout)
    console = Console()
    if picture is not None and console.is_terminal and not arguments.json:
        console.print(data_report.format_picture(picture))
    return OK


def bench(arguments: argparse.Namespace) -> int:
    """Run the benchmark, or print the tables of a report."""
    from tuitrain.bench import command

    if arguments.markdown is not None:
        command.write_markdown(arguments.markdown, arguments.out)
        return OK
    options = arguments.quick, arguments.only, arguments.json, arguments.out, arguments.repeat
    with signals_raise():
        command.bench(*options, arguments.without, arguments.resumed_report)
    return OK


def _scenario(path: Path | None) -> tuple[Scenario, str]:
    from tuitrain.scenario.bundled import default_scenario
    from tuitrain.scenario.load import load

    return default_scenario() if path is None else (load(path), str(path))


def _start_alerts() -> None:
    from tuitrain.run.alerts.start import start_alerts

    start_alerts()


def _check_paused(arguments: argparse.Namespace) -> None:
    is_script = arguments.scenario is not None and arguments.scenario.suffix == ".py"
    if not arguments.paused or arguments.hosted:
        return
    if arguments.headless or (is_script and script_actions.is_headless(arguments)):
        raise TuitrainError("--paused goes with the app or with --detach, and not with --headless")
    if arguments.read_only:
        raise TuitrainError("--paused does not go with --read-only, which refuses to resume")


def _open_in_app(scenario: Scenario, source: str, arguments: argparse.Namespace) -> int:
    from tuitrain.app.launch.scenarios import open_scenario
    from tuitrain.app.launch.terminal_check import check_terminal

    check_terminal()
    open_scenario(
        scenario,
        source,
        arguments.out,
        arguments.read_only,
        private=arguments.private,
        paused=arguments.paused,
    )
    return OK
