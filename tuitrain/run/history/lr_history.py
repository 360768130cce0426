"""The learning rates of each group on the present branch, for its chart.

They follow from the decisions of the branch. A script can also set learning rates itself: those
are noted when they are used. As with `MetricHistory`, no decision depends on them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import Final

from tuitrain.commands import Decay, Regroup, ScaleLr, SetLr, SetSchedule, SwapOptimizer
from tuitrain.engines.engine import Engine
from tuitrain.engines.views import GroupView, LrSpan
from tuitrain.errors import RefusedError
from tuitrain.predicates import never

from ..snapshot import Series
from .branch import Branch
from .lr_curve import LrCurve, LrSpans, schedule_of
from .state_cache import Decision

MAX_NOTED: Final = 4096
"""Maximum number of learning rates noted for a group; beyond it, every second one is dropped."""

_DECISIVE = (SetLr, ScaleLr, Decay, SetSchedule, SwapOptimizer, Regroup)
"""The commands that can change a learning rate; replaying others would only take time."""


class LrHistory:
    """The learning rates of the groups, by branch.

    Parameters
    ----------
    engine : gives the groups before their first step; see `Engine.rehearsal`
    """

    def __init__(self, engine: Engine) -> None:
        self._replay = _DecisionReplay(engine)
        self._notes = _Notes()
        self._curves: dict[str, LrCurve] = {}

    def note(self, step: int, branch: Branch, group: str, lr: float) -> None:
        """Note the learning rate that a script's loop uses from ``step`` on."""
        self._notes.add(step, branch, group, lr)

    def curves(
        self, step: int, branch: Branch, branches: Collection[str], groups: Sequence[GroupView]
    ) -> list[tuple[Series, tuple[LrSpan, ...]]]:
        """Return each group's learning rates up to the present step, and their spans.

        Parameters
        ----------
        step : the present step
        branch : the present branch
        branches : the names of the other branches
        groups : the groups at the present step
        """
        if self._notes:
            spans = self._notes.spans(step, branch, branches, groups)
        else:
            spans = self._replay.spans(step, branch.decisions, groups)
        known, self._curves = self._curves, {}
        for group, its_spans in zip(groups, spans, strict=True):
            curve = known.get(group.name)
            if curve is None or curve.spans != its_spans:
                curve = LrCurve(its_spans, curve)
            self._curves[group.name] = curve
        return [(curve.until(step), curve.spans) for curve in self._curves.values()]


class _DecisionReplay:
    """Applies the decisions of a branch to the groups before their first step."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._groups: Engine | None = None
        self._applied: list[Decision] = []
        self._spans = LrSpans()
        self._undecided: dict[str, tuple[LrSpan, ...]] = {}

    def spans(
        self, step: int, decisions: Sequence[Decision], groups: Sequence[GroupView]
    ) -> list[tuple[LrSpan, ...]]:
        """Return the spans of each group."""
        decisive = [item for item in decisions if isinstance(item.command, _DECISIVE)]
        if not decisive:
            return [self._first_spans(group) for group in groups]
        try:
            self._follow(decisive)
        except RefusedError:  # by an engine without rehearsal
            return [(LrSpan(step, group.lr, group.schedule_record),) for group in groups]
        return [self._spans.of(group.name) for group in groups]

    def _first_spans(self, group: GroupView) -> tuple[LrSpan, ...]:
        """Return the span of a group without decisions; the same object for the same schedule."""
        known = self._undecided.get(group.name)
        if known is None or schedule_of(known[0]) != schedule_of(group):
            known = (LrSpan(0, group.lr, group.schedule_record),)
            self._undecided[group.name] = known
        return known

    def _follow(self, decisions: list[Decision]) -> None:
        """Apply the new decisions; after the run has gone back, all of them again."""
        count = len(self._applied)
        if self._groups is None or decisions[:count] != self._applied:
            self._groups, self._spans = self._engine.rehearsal(), LrSpans()
            self._applied, count = [], 0
            self._spans.add(0, self._groups.groups())
        for decision in decisions[count:]:
            self._groups.run(decision.step - self._groups.step, never)
            self._groups.apply(decision.command)
            self._spans.add(decision.step, self._groups.groups())
            self._applied.append(decision)


class _Notes:
    """The learning rates that a loop has used, by branch and group."""

    def __init__(self) -> None:
        self._branches: dict[str, dict[str, list[LrSpan]]] = {}
        self._current = ""

    def __bool__(self) -> bool:
        return bool(self._branches)

    def add(self, step: int, branch: Branch, group: str, lr: float) -> None:
        """Add a learning rate, unless it is that of the step before, or of a step known already."""
        self._move_to(branch)
        notes = self._branches[branch.name].setdefault(group, [])
        if notes and (step <= notes[-1].first or lr == notes[-1].lr):
            return
        if len(notes) >= MAX_NOTED:
            del notes[1::2]
        notes.append(LrSpan(step, lr))

    def spans(
        self, step: int, branch: Branch, branches: Collection[str], groups: Sequence[GroupView]
    ) -> list[tuple[LrSpan, ...]]:
        """Return the spans of each group, the last of them with its present schedule."""
        self._move_to(branch)
        kept = {branch.name, *branches}
        self._branches = {name: notes for name, notes in self._branches.items() if name in kept}
        here = self._branches[branch.name]
        return [_with_present(here.get(group.name, []), step, group) for group in groups]

    def _move_to(self, branch: Branch) -> None:
        """Begin the notes of a branch with those that it shares with the branch left."""
        if branch.name not in self._branches:
            left = self._branches.get(self._current, {})
            self._branches[branch.name] = {
                name: [span for span in notes if span.first < branch.fork]
                for name, notes in left.items()
            }
        self._current = branch.name


def _with_present(notes: Sequence[LrSpan], step: int, group: GroupView) -> tuple[LrSpan, ...]:
    used = notes[: bisect_left(notes, step, key=attrgetter("first"))]
    if used and used[-1].lr == group.lr:
        return tuple(used)
    return (*used, LrSpan(step, group.lr))
