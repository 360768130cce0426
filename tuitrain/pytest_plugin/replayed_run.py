"""A run as a test sees it: its findings, commands, curves and last snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tuitrain.errors import RunFailedError, TuitrainError, UserCodeError
from tuitrain.run.session import Session
from tuitrain.run.snapshot import JournalEntry, Series, Snapshot
from tuitrain.scenario.events import Ended, Event, Finding
from tuitrain.scenario.load import load, loads
from tuitrain.scenario.replay import replay
from tuitrain.scenario.report import event_line
from tuitrain.scenario.schema import Scenario

CURVE_POINTS: Final = 100
"""Points of the curves of each group, at steps that do not depend on the speed of the run."""


@dataclass(frozen=True)
class ReplayedRun:
    """A run that has ended.

    Attributes
    ----------
    events : what the report says of it, in order; see `tuitrain.scenario.events`
    snapshot : the run at its end, from which its screen is drawn
    """

    events: tuple[Event, ...]
    snapshot: Snapshot

    @property
    def ok(self) -> bool:
        """Whether every expectation was checked and held, and no planned command was refused."""
        end = self.events[-1]
        return isinstance(end, Ended) and end.ok

    @property
    def report(self) -> str:
        """The report, as ``tuitrain replay`` prints it."""
        return "\n".join(map(event_line, self.events))

    @property
    def findings(self) -> list[Finding]:
        """The expectations, each with whether it held and what was found."""
        return [event for event in self.events if isinstance(event, Finding)]

    @property
    def commands(self) -> list[JournalEntry]:
        """The journal: commands with step, outcome and message."""
        return list(self.snapshot.journal)

    @property
    def digest(self) -> str:
        """The digest of the state at the end; see ``docs/explanation/determinism.md``."""
        return self._end.digest

    @property
    def train_loss(self) -> float:
        """The mean loss over the steps of the last epoch."""
        return self._end.train_loss

    @property
    def metrics(self) -> Mapping[str, float]:
        """The metrics of the test set at the end, by name."""
        return {info.name: value for info, value in self._end.metrics}

    @property
    def loss(self) -> Series:
        """The loss of each step: ``steps`` and ``values``, two arrays of one length."""
        return self.snapshot.loss

    @property
    def _end(self) -> Ended:
        end = self.events[-1]
        assert isinstance(end, Ended)
        return end


class ReplayScenario:
    """Runs scenarios for tests.

    Parameters
    ----------
    folder : where relative paths begin
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, scenario: str | Path | Scenario, until: int | None = None) -> ReplayedRun:
        """Run a scenario, and return the run.

        Parameters
        ----------
        scenario : a path, the text of a file, or a scenario
        until : the step before which the run ends (default: its end); expectations that are due
            later count as not met

        Raises
        ------
        Failed : the scenario cannot be read, built or run; the test fails with one sentence
        """
        try:
            return _replay(*self._read(scenario), until)
        except TuitrainError as error:
            lines = [str(error)]
            if isinstance(error, UserCodeError | RunFailedError):
                lines += error.traceback.splitlines()
            problem = "\n".join(lines)
        pytest.fail(problem, pytrace=False)

    def _read(self, scenario: str | Path | Scenario) -> tuple[Scenario, str]:
        if isinstance(scenario, Scenario):
            return scenario, scenario.name
        if isinstance(scenario, str) and "\n" in scenario:
            return loads(scenario, "the scenario of this test"), "the scenario of this test"
        path = self._folder / scenario
        return load(path), str(path)


def _replay(scenario: Scenario, source: str, until: int | None) -> ReplayedRun:
    sessions: list[Session] = []

    def look(session: Session) -> None:
        """Have the run stop where points of the curves are due."""
        sessions.append(session)
        session.add_stops(_stops(session.info.total_steps, until))

    def should_end() -> bool:
        sessions[0].snapshot()  # adds a point to the curves of each group
        return until is not None and sessions[0].step >= until

    events = tuple(replay(scenario, source, should_end=should_end, on_built=look))
    return ReplayedRun(events, sessions[0].snapshot())


def _stops(total: int, until: int | None) -> Iterable[int]:
    yield from range(0, total, max(1, total // CURVE_POINTS))
    if until is not None and 0 < until < total:
        yield until
