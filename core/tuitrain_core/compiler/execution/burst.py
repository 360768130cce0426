"""A burst: steps planned with what comes between gradients and updates, and taken in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...ops.base import Array
from ..planning.clipping import Clipping, GradientNorms, PlannedClipping
from ..planning.plan import Plan
from ..planning.stop_condition import PlannedStopCondition, StopCondition
from ..planning.updates import ParameterUpdate, PlannedUpdate
from . import rng_state
from .executor import Executable


@dataclass(frozen=True, slots=True)
class Burst:
    """Steps, with their updates.

    Attributes
    ----------
    updates : None for what is carried over to the next step
    keep : holds on to the memory that they write to
    """

    steps: Executable
    plan: Plan
    updates: Sequence[PlannedUpdate | None] = ()
    keep_alive: Sequence[ParameterUpdate] = ()
    clip: PlannedClipping | None = None
    stop_condition: PlannedStopCondition | None = None

    def bind(
        self,
        given: Sequence[ParameterUpdate],
        clip: Clipping | None = None,
        stop_condition: StopCondition | None = None,
    ) -> None:
        """Take the numbers of the steps that come."""
        for planned, each in zip(self.updates, given, strict=True):
            if planned is not None:
                planned.bind(each.scalars)
        if self.clip and clip:
            self.clip.bind(clip)
        if self.stop_condition and stop_condition:
            self.stop_condition.bind(stop_condition)

    def run(self, steps: int, steps_before: int = 0) -> int:
        """Take steps, which draw from the current random generator; return how many.

        ``before`` : how many others have taken of the same run; see `Executable.run`
        """
        drawn = self.plan.drawn
        if drawn:
            rng_state.load_state(self.plan.stream())
        taken = self.steps.run(steps, steps_before)
        if drawn:
            rng_state.advance(taken * drawn)
        if self.held and self.stop_condition:
            self.stop_condition.restore()
        return taken

    @property
    def held(self) -> bool:
        """Whether the last step was held."""
        return bool(self.plan.held[0])

    @property
    def interrupted(self) -> bool:
        """Whether `interrupt` was called in the last run."""
        return self.steps.interrupted

    def interrupt(self) -> None:
        """End `run` after the present step; from any thread."""
        self.steps.interrupt()

    def raise_failure(self) -> None:
        """Raise what is wrong with a step that could not be taken.

        Raises
        ------
        CoreError : it cannot be taken by anybody
        """
        for raise_if_wrong in self.plan.checks:
            raise_if_wrong()


def plan_burst(
    plan: Plan,
    updates: Sequence[ParameterUpdate] = (),
    threads: int = 1,
    clip: Clipping | None = None,
    stop_condition: StopCondition | None = None,
    stop_flag: Array | None = None,
) -> Burst:
    """Return the steps of a plan that ends with the gradients, and what comes behind them.

    ``stop`` : see `Executable`
    """
    values = {id(each.tensor): each for each in plan.graph.leaves}
    order = {id(each): place for place, each in enumerate(clip.parameters)} if clip else {}
    trained = sorted((each.parameter for each in updates), key=lambda p: order.get(id(p), 0))
    gradients = [plan.gradient(values[id(each)]) for each in trained]
    measured = None
    if gradients and (
        (clip and clip.mode == "norm") or (stop_condition and stop_condition.needs_norms)
    ):
        measured = GradientNorms(plan, gradients)
    watched = (
        PlannedStopCondition(plan, stop_condition, trained, measured) if stop_condition else None
    )
    clipped = PlannedClipping(plan, clip, gradients, measured) if clip and gradients else None
    each_update = [
        None if value in plan.carried else PlannedUpdate(plan, value, each)
        for value, each in [(values[id(each.parameter)], each) for each in updates]
    ]
    steps = Executable(plan.actions, threads, plan.later, plan.held, stop_flag)
    return Burst(steps, plan, each_update, tuple(updates), clipped, watched)
