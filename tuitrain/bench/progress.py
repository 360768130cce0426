"""Progress: what is measured now, what came of the last cell, and how long it will take."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tuitrain.scenario.report import ReportConsole, line
from tuitrain.text import visible

from . import formatting
from .plan import Case
from .results import Row

TRUSTED_SECONDS = 20.0
"""So much must be measured until the pace of it says more than the estimates."""


class Forecast:
    """Says how long the rest takes, from estimates, and from how well they held so far.

    Parameters
    ----------
    seconds : the estimates
    clock : tells seconds
    """

    def __init__(
        self, seconds: Sequence[float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._left = sum(seconds)
        self._done = 0.0
        self._clock = clock
        self._began = clock()

    @property
    def left(self) -> float:
        """Seconds that the rest will take."""
        passed = self._clock() - self._began
        slower = passed / self._done if min(self._done, passed) > TRUSTED_SECONDS else 1.0
        return self._left * slower

    def done(self, seconds: float) -> None:
        """Take an estimate off the rest: that is measured."""
        self._left -= seconds
        self._done += seconds


class Shown:
    """Shows progress where somebody can see it: on stderr, so that stdout is for tables."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = ReportConsole(file=sys.stderr, highlight=False)
        self._clock = clock
        self._forecast = Forecast((), clock)
        self._all = self._number = 0
        self._bar = Progress(
            SpinnerColumn("line" if self._console.options.ascii_only else "dots"),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            redirect_stdout=False,
            disable=not self._console.is_terminal,
            refresh_per_second=2,  # what is measured shall have the machine to itself
        )
        self._task = self._bar.add_task("")

    def begin(self, cases: Sequence[Case]) -> None:
        """Say how much is to be measured, and how long that will take."""
        self._forecast = Forecast([each.seconds for each in cases], self._clock)
        self._all = len(cases)
        what = f"{self._all} measurement{'s' * (self._all != 1)}"
        self._say(f"{what}, about {duration(self._forecast.left)}" if cases else "nothing missing")

    def __enter__(self) -> Shown:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def doing(self, text: str) -> None:
        """Say what is being measured."""
        self._bar.update(self._task, description=visible(f"{self._place(1)} {text}"))

    def done(self, case: Case, rows: Sequence[Row]) -> None:
        """Say what came of a case."""
        self._number += 1
        self._forecast.done(case.seconds)
        for row in rows:
            self._say(f"{self._place()} {_told(row)}")

    def _place(self, ahead: int = 0) -> str:
        left = duration(self._forecast.left)
        return f"[{self._number + ahead}/{self._all}, {left} left]"

    def _say(self, text: str) -> None:
        self._console.print(line(text), soft_wrap=True)


def duration(seconds: float) -> str:
    """Write a time down for people: "40 s", "12 min", "1 h 5 min"."""
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _told(row: Row) -> str:
    told = formatting.line(row)
    beside = f", {told.ratio} times {told.other}" if told.ratio else ""
    failed = row.trials.get(row.subject)
    problem = f" ({failed.problem})" if failed and failed.problem else ""
    return f"{told.cell}: {told.subject}{beside}{problem}"
