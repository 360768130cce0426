"""The groups of a recorded run at any moment: its decisions, applied to a simulator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tuitrain.commands import parse
from tuitrain.engines.registry import IMPORTED_ENGINE, SCRIPT_ENGINE, engine_factory
from tuitrain.errors import TuitrainError
from tuitrain.records.branch_replay import RecordedDecision
from tuitrain.run.history.lr_curve import LrCurve, LrSpans
from tuitrain.run.snapshot import GroupHistory, GroupView

from ..build import build_model_and_spec
from ..schema import Scenario


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The groups between two decisions."""

    first: int
    groups: tuple[GroupView, ...]


class GroupReplay:
    """Applies the decisions of a record to groups.

    The model is made and the data is read once, for their sizes; if one of them is missing, there
    are not groups.

    Attributes
    ----------
    steps_per_epoch : 0 if unknown
    problem : why there are no groups, or ""
    """

    def __init__(self, scenario: Scenario, source: str) -> None:
        self.steps_per_epoch, self.problem = 0, ""
        self._engine = scenario.engine
        self._decided: tuple[RecordedDecision, ...] | None = None
        self._stretches: list[_Stretch] = []
        if scenario.engine == SCRIPT_ENGINE:
            self.problem = "the record of a script has no groups"
            return
        if scenario.engine == IMPORTED_ENGINE:
            self.problem = "this run was imported, and has no groups"
            return
        try:
            self._model, self._spec = build_model_and_spec(scenario, source)
        except TuitrainError as error:
            self.problem = f"the groups cannot be shown: {error}"
        else:
            self.steps_per_epoch = self._spec.steps_per_epoch

    def at(self, step: int, decided: tuple[RecordedDecision, ...]) -> tuple[GroupView, ...]:
        """Return the groups after some decisions, at the boundary before step ``step``."""
        stretches = self._followed(decided)
        if not stretches:
            return ()
        return tuple(_at(group, step) for group in stretches[-1].groups)

    def lr_histories(
        self, step: int, decided: tuple[RecordedDecision, ...]
    ) -> tuple[GroupHistory, ...]:
        """Return the histories of the learning rates up to a step."""
        if not (stretches := self._followed(decided)):
            return ()
        spans = LrSpans()
        for stretch in stretches:
            if stretch.first <= step:
                spans.add(stretch.first, stretch.groups)
        histories: list[GroupHistory] = []
        for group in stretches[-1].groups:
            curve = LrCurve(spans.of(group.name))
            histories.append(GroupHistory(group.name, curve.until(step), lr_spans=curve.spans))
        return tuple(histories)

    def _followed(self, decided: tuple[RecordedDecision, ...]) -> list[_Stretch]:
        """Return the groups between decisions; the last result is cached."""
        if not self.problem and decided != self._decided:
            self._decided = decided
            try:
                self._stretches = self._follow(decided)
            except TuitrainError as error:
                self._stretches, self.problem = [], f"the groups cannot be shown: {error}"
        return self._stretches

    def _follow(self, decided: Sequence[RecordedDecision]) -> list[_Stretch]:
        factory = engine_factory(self._engine)
        simulator = factory.simulate_groups(self._model, self._spec.groups, self.steps_per_epoch)
        stretches = [_Stretch(0, simulator.groups(0))]
        for entry in decided:
            simulator.apply(parse(entry.command), entry.step)
            if stretches[-1].first == entry.step:
                stretches.pop()
            stretches.append(_Stretch(entry.step, simulator.groups(entry.step)))
        return stretches


def _at(group: GroupView, step: int) -> GroupView:
    from tuitrain.engines.lr_forecast import forecast_rates

    return replace(group, lr=forecast_rates(group, [step])[0])
