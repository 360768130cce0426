"""The rehearsal: a scenario's commands in order, without training, before a step is taken.

It is the run itself, run_to_end on a session, on an engine that counts steps. So what it refuses is
what the run would refuse, with groups, checkpoints, branches and breakpoints as the commands before
have left them. What only training tells, such as a breakpoint that pauses, it does not judge.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from tuitrain.errors import ScenarioError
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
from .replay import run_to_end
from .schema import Scenario

if TYPE_CHECKING:
    from tuitrain.engines.engine import Engine
    from tuitrain.run.snapshot import RunInfo

MAX_STEPS = 1 << 40
"""Steps that are rehearsed at most: a Python range counts no further than to 2**63."""


def rehearse(scenario: Scenario, session: Session, source: str) -> None:
    """Check that every planned command can be applied, and every expected group is there then.

    Parameters
    ----------
    scenario : whose plan is checked
    session : built from it, before its first step; nothing of it is changed
    source : what errors call the scenario: its file

    Raises
    ------
    ScenarioError : names the source, the entry, its step, and what there would be then
    """
    if scenario.at:
        rehearsed = _Rehearsed(scenario, session.engine.rehearsal(), session.info, source)
        deque(rehearsed.events(), maxlen=0)
        rehearsed.check_groups()


class _Rehearsed(NullRecorder):
    """A session that does not train, the recorder of what is refused in it, and who looks at it."""

    def __init__(self, scenario: Scenario, engine: Engine, title: RunInfo, source: str) -> None:
        self._source = source
        self._expected = [(due_step(each, title.steps_per_epoch), each) for each in scenario.expect]
        self._planned = [
            (number, PlannedCommand(due_step(entry, title.steps_per_epoch), command))
            for number, entry in enumerate(scenario.at, start=1)
            for command in parse_commands(entry)
        ]
        total = min(title.total_steps, MAX_STEPS)
        self._session = Session(
            engine,
            replace(title, steps_per_epoch=total, total_steps=total),
            [each for _, each in self._planned if each.step < total],
            [due for due, _ in self._expected if due <= total],
            self,
            CheckpointPolicy(total, total, total),  # what would be kept is not needed
        )
        self._session.timeline.branch = Branch("main", loss=LengthOnlyCurve())
        self._problems: dict[int, str] = {}

    def events(self) -> Iterator[object]:
        """Run the session until nothing is to come that can be judged."""
        last = max((due for due, _ in self._expected), default=0)

        def enough() -> bool:
            return not self._session.schedule.pending and self._session.step >= last

        return run_to_end(self._session, self, self._source, lambda _: None, should_end=enough)

    def command(self, entry: JournalEntry) -> None:
        """Raise `ScenarioError` if a planned command is refused."""
        if entry.outcome == "refused":
            hand = self._session.schedule.current
            number = next(number for number, each in self._planned if each is hand)
            where = f"{self._source}: [[at]] number {number}, step {entry.step}"
            raise ScenarioError(
                f"{where}: {entry.command!r} would be refused there: {entry.message}"
            )

    def check_boundary(self) -> list[Finding]:
        """Note which expectations name a group that is not there; a later look counts more."""
        step = self._session.step
        groups = [each.name for each in self._session.engine.groups()] if self._is_due(step) else []
        for number, (due, expect) in enumerate(self._expected, start=1):
            if due == step:
                missing = (name for name in groups_in(expect) if name not in groups)
                self._problems[number] = next(
                    (unknown_group_message(n, groups) for n in missing), ""
                )
        return []

    def check_groups(self) -> None:
        """Raise `ScenarioError` for the first expectation that names a group not there."""
        for number, problem in sorted(self._problems.items()):
            if problem:
                due = self._expected[number - 1][0]
                raise ScenarioError(
                    f"{self._source}: [[expect]] number {number}, step {due}: {problem}"
                )

    def check_end(self) -> list[Finding]:
        """Find nothing: whether a step is reached may depend on training."""
        return []

    def all_held(self) -> bool:
        """Return True: values are not judged."""
        return True

    def _is_due(self, step: int) -> bool:
        return any(due == step for due, _ in self._expected)
