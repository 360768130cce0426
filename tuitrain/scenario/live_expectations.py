"""Expectations of a live run: the journal says whether they are met."""

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
    """Build a session, as `build` does, whose journal says whether expectations are met.

    The record does not contain these entries, because they follow from it.

    Raises
    ------
    ScenarioError : the scenario cannot be built, one of its commands can never be applied, or an
        expectation cannot be checked
    """
    session = build(scenario, source, on_progress, recorder)
    expectations = Expectations(scenario, session, source)
    rehearse(scenario, session, source)
    attach_expectations(session, expectations)
    return session


def attach_expectations(session: Session, expectations: Expectations) -> None:
    """Write to a session's journal at boundaries whether expectations are met."""
    session.on_boundary = _ExpectationLog(session, expectations).check


class _ExpectationLog:
    """Writes each finding to the journal, once until it changes.

    A boundary may be checked again: after commands of a paused run, or after a rewind.
    """

    def __init__(self, session: Session, expectations: Expectations) -> None:
        self._session = session
        self._expectations = expectations
        self._written: list[Finding] = []

    def check(self) -> None:
        findings = self._expectations.check_boundary()
        if self._session.phase.ended:
            findings += self._expectations.check_end()
        for finding in findings:
            if finding not in self._written:
                self._write(finding)
        self._written = findings

    def _write(self, finding: Finding) -> None:
        self._session.journal.add(
            NO_TICKET,
            finding.step,
            f"expect {finding.expected}",
            "scenario",
            "met" if finding.held else "not met",
            finding.found,
        )
