"""Runs without a screen: reports while they run, an exit status at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from .script_actions import check_needs_no_script
from .signals import signals_raise
from .status import FAILED, OK, print_error

if TYPE_CHECKING:
    from tuitrain.run.live.access import LiveAccess
    from tuitrain.run.recorder import Recorder
    from tuitrain.run.snapshot import RunInfo
    from tuitrain.scenario.events import Event
    from tuitrain.scenario.report import ProgressBar
    from tuitrain.scenario.schema import Scenario

Events: TypeAlias = "Callable[[ProgressBar, ExitStack], Iterator[Event]]"


def scenario_runner(scenario: Scenario, source: str, json: bool) -> Callable[[], int]:
    """Return a function that runs a scenario and returns the exit status."""
    return lambda: run(scenario.name, json, scenario_events(scenario, source))


def record_verifier(folder: Path, json: bool) -> Callable[[], int]:
    """Return a function that runs a recorded run again, compares, and returns the exit status.

    Raises
    ------
    TuitrainError : the folder holds no run, its header cannot be read, or it is the run of a script
    """
    check_needs_no_script(folder, "replay")
    return lambda: _compare(folder, json)


def _compare(folder: Path, json: bool) -> int:
    from tuitrain.scenario.report import ProgressBar, ReportConsole, format_comparison
    from tuitrain.scenario.verify import verify_record

    bar = ProgressBar(str(folder), ReportConsole(stderr=True))
    with signals_raise(), bar.display():
        comparison = verify_record(folder, bar.show_task, bar.set_steps)
    print(format_comparison(str(folder), comparison, json))
    return OK if comparison.verdict.ok else FAILED


def scenario_events(
    scenario: Scenario, source: str, out: Path | None = None, private: bool = False
) -> Events:
    """Return a function that runs a scenario.

    Parameters
    ----------
    out : the folder of the record; None for a run without record, which is not served either
    private : serve the run to no other process
    """

    def events(bar: ProgressBar, files: ExitStack) -> Iterator[Event]:
        from tuitrain.run.recorder import NULL_RECORDER
        from tuitrain.scenario.build import make_run_info
        from tuitrain.scenario.replay import replay

        recorder, access = NULL_RECORDER, None
        if out is not None:
            recorder = _open_record(scenario, source, out, files)
            access = serve_to_viewers(out, make_run_info(scenario), files, private)
        return replay(scenario, source, bar.show_task, bar.set_steps, recorder, access=access)

    return events


def serve_to_viewers(
    folder: Path, info: RunInfo, files: ExitStack, private: bool = False
) -> LiveAccess:
    """Serve a headless run to viewers until its record is closed; return their access to it."""
    from tuitrain.remote.server.serving import serving
    from tuitrain.run.live.access import LiveAccess

    access = LiveAccess(info)
    files.enter_context(serving(access, folder, info.name, print_error, private))
    return access


def run(name: str, json: bool, events: Events) -> int:
    """Report a headless run; the exit status says whether every expectation held."""
    from tuitrain.scenario.events import Ended
    from tuitrain.scenario.report import (
        JsonReport,
        ProgressBar,
        Report,
        ReportConsole,
        TextReport,
    )

    console = ReportConsole()
    shares_terminal = console.is_terminal and not json
    bar = ProgressBar(name, console if shares_terminal else ReportConsole(stderr=True))
    reports: list[Report] = [JsonReport(sys.stdout) if json else TextReport(console), bar]
    event: Event | None = None
    with signals_raise(), ExitStack() as files:
        files.enter_context(bar.display())
        for event in events(bar, files):
            for report in reports:
                report.handle(event)
    return OK if isinstance(event, Ended) and event.ok else FAILED


def _open_record(scenario: Scenario, source: str, out: Path, files: ExitStack) -> Recorder:
    from tuitrain.scenario.schema import log_places
    from tuitrain.scenario.verify import make_header
    from tuitrain.tracking.live import open_record

    return open_record(out, make_header(scenario, source), files, log_places(scenario.log))
