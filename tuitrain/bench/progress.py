"""Progress on stderr: the current measurement, the last results, and the remaining time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tuitrain.scenario.report import ReportConsole, format_line
from tuitrain.text import visible

from .formatting import format_row
from .plan import Case
from .results import Row

MIN_OBSERVED_SECONDS = 20.0
"""Measured time from which on the estimates are corrected by the observed duration."""


class Forecast:
    """Predicts the remaining time from estimates, corrected by the durations so far.

    Parameters
    ----------
    seconds : the estimated durations
    clock : returns the time in seconds
    """

    def __init__(
        self, seconds: Sequence[float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._remaining = sum(seconds)
        self._finished = 0.0
        self._clock = clock
        self._began = clock()

    @property
    def remaining(self) -> float:
        """The remaining seconds."""
        passed = self._clock() - self._began
        is_observed = min(self._finished, passed) > MIN_OBSERVED_SECONDS
        return self._remaining * (passed / self._finished if is_observed else 1.0)

    def finish(self, seconds: float) -> None:
        """Move an estimated duration from the remaining to the finished time."""
        self._remaining -= seconds
        self._finished += seconds


class ProgressDisplay:
    """Shows progress on stderr; stdout is for tables."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = ReportConsole(file=sys.stderr, highlight=False)
        self._clock = clock
        self._forecast = Forecast((), clock)
        self._total = self._finished = 0
        self._bar = Progress(
            SpinnerColumn("line" if self._console.options.ascii_only else "dots"),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            redirect_stdout=False,
            disable=not self._console.is_terminal,
            refresh_per_second=2,  # leave the machine to the measurement
        )
        self._task = self._bar.add_task("")

    def begin(self, cases: Sequence[Case]) -> None:
        """Print the number of measurements and their approximate duration."""
        self._forecast = Forecast([case.seconds for case in cases], self._clock)
        self._total = len(cases)
        number = f"{self._total} measurement{'s' * (self._total != 1)}"
        about = f"{number}, about {format_duration(self._forecast.remaining)}"
        self._print(about if cases else "nothing missing")

    def __enter__(self) -> ProgressDisplay:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show_current(self, text: str) -> None:
        """Show what is being measured."""
        self._bar.update(self._task, description=visible(f"{self._position(1)} {text}"))

    def finish_case(self, case: Case, rows: Sequence[Row]) -> None:
        """Print the results of a case."""
        self._finished += 1
        self._forecast.finish(case.seconds)
        for row in rows:
            self._print(f"{self._position()} {_result(row)}")

    def _position(self, ahead: int = 0) -> str:
        remaining = format_duration(self._forecast.remaining)
        return f"[{self._finished + ahead}/{self._total}, {remaining} left]"

    def _print(self, text: str) -> None:
        self._console.print(format_line(text), soft_wrap=True)


def format_duration(seconds: float) -> str:
    """Write a duration as text: "40 s", "12 min", "1 h 5 min"."""
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _result(row: Row) -> str:
    texts = format_row(row)
    comparison = f", {texts.ratio} times {texts.other}" if texts.ratio else ""
    trials = row.trials.get(row.subject)
    problem = f" ({trials.problem})" if trials and trials.problem else ""
    return f"{texts.cell}: {texts.subject}{comparison}{problem}"
