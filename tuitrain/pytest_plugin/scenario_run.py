"""One run of a scenario, which serves all of its tests."""

from __future__ import annotations

from typing import Final

from tuitrain.errors import RunFailedError, TuitrainError, UserCodeError
from tuitrain.run.snapshot import JournalEntry
from tuitrain.scenario.events import Ended, Event, Finding
from tuitrain.scenario.replay import replay
from tuitrain.scenario.report import event_line
from tuitrain.scenario.schema import Scenario

CONTEXT_LINES: Final = 12
"""Maximum number of lines of the report that a failure shows."""


class ScenarioFailedError(Exception):
    """A test that fails; its text is the whole report, without a traceback."""


class ScenarioRun:
    """A scenario, run at most once.

    Parameters
    ----------
    scenario : what to run
    source : its name in errors: the file
    """

    def __init__(self, scenario: Scenario, source: str) -> None:
        self._scenario = scenario
        self.source = source
        self._events: list[Event] | None = None
        self._error = ""
        self._traceback = ""

    def check(self, number: int, key: str, where: str) -> None:
        """Check a condition; of repeated checks, as after a rewind, the last one counts.

        Parameters
        ----------
        number : of the entry ``[[expect]]``, counted from 1
        key : of the condition
        where : the file and the line of the entry; "" if the line is not known

        Raises
        ------
        ScenarioFailedError : it does not hold, or was not checked
        """
        events = self._run()
        findings = [
            (index, event)
            for index, event in enumerate(events)
            if isinstance(event, Finding) and event.number == number and event.key in (key, "")
        ]
        if not findings:
            reason = self._error or "the run ended before"
            raise ScenarioFailedError(
                "\n".join([f"not checked: {reason}", *self._context(len(events))])
            )
        index, finding = findings[-1]
        if finding.held:
            return
        verdict = f"expect {finding.expected}: FAILS ({finding.found})"
        place = [where] if where else []
        raise ScenarioFailedError("\n".join([verdict, *place, *self._context(index + 1)]))

    def check_end(self) -> None:
        """Check that the run has ended, and that no planned command was refused.

        Raises
        ------
        ScenarioFailedError : one of them is not so
        """
        events = self._run()
        if self._error:
            raise ScenarioFailedError("\n".join([self._error, *self._traceback.splitlines()]))
        for index, event in enumerate(events):
            if isinstance(event, JournalEntry) and event.outcome == "refused":
                text = f"the command {event.command!r} was refused: {event.message}"
                raise ScenarioFailedError("\n".join([text, *self._context(index + 1)]))
        if not isinstance(events[-1], Ended):
            raise ScenarioFailedError(
                "\n".join(["the run did not end", *self._context(len(events))])
            )

    def _run(self) -> list[Event]:
        """Return the events of the run, up to the error if it has failed."""
        if self._events is None:
            events: list[Event] = []
            try:
                for event in replay(self._scenario, self.source):
                    events.append(event)
            except TuitrainError as error:
                self._error = str(error)
                if isinstance(error, UserCodeError | RunFailedError):
                    self._traceback = error.traceback
            self._events = events
        return self._events

    def _context(self, end: int) -> list[str]:
        """Return the last lines of the report before an event."""
        shown = (self._events or [])[:end]
        lines = [event_line(event) for event in shown[-CONTEXT_LINES:]]
        if len(shown) > len(lines):
            lines.insert(0, f"  ({len(shown) - len(lines)} lines before)")
        return ["", *lines] if lines else []
