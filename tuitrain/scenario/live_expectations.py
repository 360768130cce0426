"""A live run's expectations: what becomes of them stands in the journal, as soon as it is known."""

from __future__ import annotations

from tuitrain.run.progress import ProgressCallback, ignore_progress
from tuitrain.run.recorder import NULL_RECORDER, Recorder
from tuitrain.run.session import NO_TICKET, Session

from .build import build
from .events import Finding
from .expect import Expectations
from .rehearsal import rehearse
from .schema import Scenario


def build_with_expectations(
    scenario: Scenario,
    source: str,
    on_progress: ProgressCallback = ignore_progress,
    recorder: Recorder = NULL_RECORDER,
) -> Session:
    """Build a session, as `build` does, that writes in its journal whether expectations are met.

    They are not in the record of the run, for they follow from it.

    Raises
    ------
    ScenarioError : the scenario cannot be built, a command of it can never be applied, or an
        expectation cannot be checked
    """
    session = build(scenario, source, on_progress, recorder)
    expectations = Expectations(scenario, session, source)
    rehearse(scenario, session, source)
    watch(session, expectations)
    return session


def watch(session: Session, expectations: Expectations) -> None:
    """Let a session's journal be told from now on whether expectations are met."""
    session.on_boundary = _Witness(session, expectations).look


class _Witness:
    """Writes down what is found at a boundary, once for as long as it stays so.

    A run that is paused stands at a boundary, and what is asked of it there may change what holds;
    after a rewind a boundary comes again.
    """

    def __init__(self, session: Session, expectations: Expectations) -> None:
        self._session = session
        self._expectations = expectations
        self._told: list[Finding] = []

    def look(self) -> None:
        found = self._expectations.check_boundary()
        if self._session.phase.ended:
            found += self._expectations.check_end()
        for finding in found:
            if finding not in self._told:
                self._write(finding)
        self._told = found

    def _write(self, finding: Finding) -> None:
        self._session.journal.add(
            NO_TICKET,
            finding.step,
            f"expect {finding.expected}",
            "scenario",
            "met" if finding.held else "not met",
            finding.found,
        )
