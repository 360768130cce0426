"""Expectations of a live run: the journal says whether they are met."""

from __future__ import annotations

from tuitrain.run.journal_entry import NO_TICKET
from tuitrain.run.progress import ProgressCallback, ignore_progress
from tuitrain.run.recorder import NULL_RECORDER, Recorder
from tuitrain.run.session import Session

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
    expectations = Expectations(scenario.expect, session, source)
    rehearse(scenario, session, source)
    attach_expectations(session, expectations)
    return session


def attach_expectations(session: Session, expectations: Expectations) -> ExpectationLog:
    """Write to a session's journal at boundaries whether expectations are met."""
    log = ExpectationLog(session, expectations)
    session.on_boundary = log.check
    return log


class ExpectationLog:
    """Writes each finding to the journal, once until it changes.

    A boundary may be checked again: after commands of a paused run, or after a rewind.

    Attributes
    ----------
    expectations : what is checked
    """

    def __init__(self, session: Session, expectations: Expectations) -> None:
        self._session = session
        self.expectations = expectations
        self._written: list[Finding] = []
        self._latest: dict[tuple[int, str], Finding] = {}

    @property
    def failures(self) -> list[Finding]:
        """The findings that are not as expected; of repeated checks, the last one counts."""
        return [finding for finding in self._latest.values() if not finding.held]

    @property
    def held_count(self) -> int:
        """The number of findings that are as expected; of repeated checks, the last one counts."""
        return len(self._latest) - len(self.failures)

    def check(self) -> None:
        """Check the expectations of this boundary; after the last step, also for missed ones."""
        findings = self.expectations.check_boundary()
        if self._session.phase.ended:
            findings += self.expectations.check_end()
        for finding in findings:
            self._latest[finding.step, finding.expected] = finding
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
