"""A burst: steps planned with what comes between gradients and updates, and taken in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...ops.base import Array
from ..planning.clipping import Clipping, Norms, PlannedClipping
from ..planning.plan import Plan
from ..planning.stop_condition import PlannedWatch, Watch
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
    keep: Sequence[ParameterUpdate] = ()
    clip: PlannedClipping | None = None
    held_for: PlannedWatch | None = None

    def begin(
        self,
        given: Sequence[ParameterUpdate],
        clip: Clipping | None = None,
        held_for: Watch | None = None,
    ) -> None:
        """Take the numbers of the steps that come."""
        for planned, each in zip(self.updates, given, strict=True):
            if planned is not None:
                planned.begin(each.scalars)
        if self.clip and clip:
            self.clip.begin(clip)
        if self.held_for and held_for:
            self.held_for.begin(held_for)

    def run(self, steps: int, before: int = 0) -> int:
        """Take steps, which draw from the current random generator; return how many.

        ``before`` : how many others have taken of the same run; see `Executable.run`
        """
        drawn = self.plan.drawn
        if drawn:
            rng_state.load(self.plan.stream())
        taken = self.steps.run(steps, before)
        if drawn:
            rng_state.leave(taken * drawn)
        if self.held and self.held_for:
            self.held_for.put_back()
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

    def check(self) -> None:
        """Raise what is wrong with a step that could not be taken.

        Raises
        ------
        CoreError : it cannot be taken by anybody
        """
        for raise_if_wrong in self.plan.checks:
            raise_if_wrong()


def planned(
    plan: Plan,
    updates: Sequence[ParameterUpdate] = (),
    threads: int = 1,
    clip: Clipping | None = None,
    held_for: Watch | None = None,
    stop: Array | None = None,
) -> Burst:
    """Return the steps of a plan that ends with the gradients, and what comes behind them.

    ``stop`` : see `Executable`
    """
    values = {id(each.tensor): each for each in plan.graph.leaves}
    order = {id(each): place for place, each in enumerate(clip.parameters)} if clip else {}
    trained = sorted((each.parameter for each in updates), key=lambda p: order.get(id(p), 0))
    gradients = [plan.gradient(values[id(each)]) for each in trained]
    measured = None
    if gradients and ((clip and clip.by == "norm") or (held_for and held_for.measures)):
        measured = Norms(plan, gradients)
    watched = PlannedWatch(plan, held_for, trained, measured) if held_for else None
    clipped = PlannedClipping(plan, clip, gradients, measured) if clip and gradients else None
    each_update = [
        None if value in plan.carried else PlannedUpdate(plan, value, each)
        for value, each in [(values[id(each.parameter)], each) for each in updates]
    ]
    steps = Executable(plan.actions, threads, plan.later, plan.held, stop)
    return Burst(steps, plan, each_update, tuple(updates), clipped, watched)
