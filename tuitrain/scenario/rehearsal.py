"""The rehearsal: a scenario's commands in order, without training, before the first step.

`run_to_end` runs a session on an engine that only counts steps. So the rehearsal refuses the
commands that the run would refuse, given the groups, checkpoints, branches and breakpoints of
earlier commands. Effects of the training, such as a breakpoint that pauses, are not checked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from tuitrain.errors import ScenarioError
from tuitrain.run.alerts.alert import ignore_alert
from tuitrain.run.checkpoint_policy import CheckpointPolicy
from tuitrain.run.history.branch import Branch
from tuitrain.run.history.curve import LengthOnlyCurve
from tuitrain.run.recorder import NullRecorder
from tuitrain.run.session import PlannedCommand, Session
from tuitrain.run.snapshot import JournalEntry

from .build import due_step
from .events import Finding
from .expect import groups_in, unknown_group_message
from .load import parse_commands
from .run_to_end import run_to_end
from .schema import Scenario, entry_name

if TYPE_CHECKING:
    from tuitrain.engines.engine import Engine
    from tuitrain.run.snapshot import RunInfo

MAX_STEPS = 1 << 40
"""Maximum number of steps of a rehearsal: a Python range is limited to 2**63."""


def rehearse(scenario: Scenario, session: Session, source: str) -> None:
    """Check that every planned command can be applied, and that every expected group exists.

    Parameters
    ----------
    scenario : has the plan
    session : built from the scenario, before its first step; it is not changed
    source : the scenario's name in errors: its file

    Raises
    ------
    ScenarioError : names the source, the entry, its step, and what would exist there
    """
    if scenario.at:
        rehearsed = _Rehearsed(scenario, session.engine.rehearsal(), session.info, source)
        deque(rehearsed.events(), maxlen=0)
        rehearsed.check_groups()


class _Rehearsed(NullRecorder):
    """A session that does not train; its recorder and observer are this object."""

    def __init__(self, scenario: Scenario, engine: Engine, info: RunInfo, source: str) -> None:
        self._source = source
        self._expected = [(due_step(item, info.steps_per_epoch), item) for item in scenario.expect]
        self._planned = [
            (number, PlannedCommand(due_step(entry, info.steps_per_epoch), command))
            for number, entry in enumerate(scenario.at, start=1)
            for command in parse_commands(entry)
        ]
        total = min(info.total_steps, MAX_STEPS)
        self._session = Session(
            engine,
            replace(info, steps_per_epoch=total, total_steps=total, evaluate_every=0),
            [item for _, item in self._planned if item.step <= total],
            [due for due, _ in self._expected if due <= total],
            self,
            CheckpointPolicy(total, total, total),  # no state must be saved
        )
        self._session.on_alert = ignore_alert
        self._session.timeline.branch = Branch(loss=LengthOnlyCurve())
        self._problems: dict[int, str] = {}

    def events(self) -> Iterator[object]:
        """Run the session to the last planned command or expectation."""
        last = max((due for due, _ in self._expected), default=0)

        def enough() -> bool:
            return not self._session.plan.pending and self._session.step >= last

        return run_to_end(self._session, self, self._source, lambda _: None, should_end=enough)

    def command(self, entry: JournalEntry) -> None:
        """Raise `ScenarioError` if a planned command is refused."""
        if entry.outcome == "refused":
            current = self._session.plan.current
            number = next(number for number, item in self._planned if item is current)
            where = f"{self._source}: {entry_name('at', number)}, step {entry.step}"
            raise ScenarioError(
                f"{where}: {entry.command!r} would be refused there: {entry.message}"
            )

    def check_boundary(self) -> list[Finding]:
        """Collect expectations that name a missing group; a later check replaces an earlier one."""
        step = self._session.step
        groups = [item.name for item in self._session.engine.groups()] if self._is_due(step) else []
        for number, (due, expect) in enumerate(self._expected, start=1):
            if due == step:
                missing = (name for name in groups_in(expect) if name not in groups)
                self._problems[number] = next(
                    (unknown_group_message(n, groups) for n in missing), ""
                )
        return []

    def check_groups(self) -> None:
        """Raise `ScenarioError` for the first expectation that names a missing group."""
        for number, problem in sorted(self._problems.items()):
            if problem:
                due = self._expected[number - 1][0]
                raise ScenarioError(
                    f"{self._source}: {entry_name('expect', number)}, step {due}: {problem}"
                )

    def check_end(self) -> list[Finding]:
        """Return no findings: whether a step is reached may depend on the training."""
        return []

    def all_held(self) -> bool:
        """Return True: values are not checked."""
        return True

    def _is_due(self, step: int) -> bool:
        return any(due == step for due, _ in self._expected)
