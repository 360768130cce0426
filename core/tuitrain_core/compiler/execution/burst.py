"""A burst: steps with their updates, run by one native call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...ops.base import Array
from ...tensor import Parameter
from ..planning.clipping import Clipping, GradientNorms, PlannedClipping
from ..planning.plan import Plan
from ..planning.stop_condition import PlannedStopCondition, StopCondition
from ..planning.updates import ParameterUpdate, PlannedUpdate, plan_update
from . import rng_state
from .executor import Executable, never


@dataclass(frozen=True, slots=True)
class Burst:
    """Planned steps with their updates, which can run any number of times.

    Attributes
    ----------
    steps : the plan's actions, ready to run
    updates : None for an update that is deferred to the next step
    keep_alive : the updates whose memory the steps write to
    """

    steps: Executable
    plan: Plan
    updates: Sequence[PlannedUpdate | None] = ()
    keep_alive: Sequence[ParameterUpdate] = ()
    clip: PlannedClipping | None = None
    stop_condition: PlannedStopCondition | None = None

    def bind(
        self,
        updates: Sequence[ParameterUpdate],
        clip: Clipping | None = None,
        stop_condition: StopCondition | None = None,
    ) -> None:
        """Set the scalars and limits of the coming steps."""
        for planned, update in zip(self.updates, updates, strict=True):
            if planned is not None:
                planned.bind(update.scalars)
        if self.clip and clip:
            self.clip.bind(clip)
        if self.stop_condition and stop_condition:
            self.stop_condition.bind(stop_condition)

    def run(
        self, steps: int, steps_before: int = 0, is_interrupted: Callable[[], bool] = never
    ) -> int:
        """Run steps, which draw from the current random generator, and return how many ran.

        Parameters
        ----------
        steps_before : steps of the same run that other bursts have taken; see `Executable.run`
        is_interrupted : see `Executable.run`
        """
        drawn = self.plan.random.drawn
        if drawn:
            rng_state.load_state(self.plan.random.state)
        taken = self.steps.run(steps, steps_before, is_interrupted)
        if drawn:
            rng_state.advance(taken * drawn)
        if self.held and self.stop_condition:
            self.stop_condition.restore()
        return taken

    @property
    def held(self) -> bool:
        """Whether the last step was held."""
        return bool(self.plan.memory.hold_flag[0])

    @property
    def interrupted(self) -> bool:
        """Whether `interrupt` was called in the last run."""
        return self.steps.interrupted

    def interrupt(self) -> None:
        """End `run` after the current step; may be called from any thread."""
        self.steps.interrupt()

    def raise_failure(self) -> None:
        """Raise the error of the check that has held a step, if one has.

        Raises
        ------
        CoreError : the step cannot be taken in any tier
        """
        for raise_error in self.plan.actions.checks:
            raise_error()


def plan_burst(
    plan: Plan,
    updates: Sequence[ParameterUpdate] = (),
    threads: int = 1,
    clip: Clipping | None = None,
    stop_condition: StopCondition | None = None,
    stop_flag: Array | None = None,
) -> Burst:
    """Complete a plan that ends with the gradients, and return it as a burst.

    Parameters
    ----------
    plan : of the step up to its gradients
    updates : the update of each trained parameter
    threads, stop_flag : see `Executable`
    clip : how gradients are clipped before the updates
    stop_condition : holds a step before its clipping and updates
    """
    values = {value.tensor: value for value in plan.graph.leaves}
    trained = _in_clipping_order([update.parameter for update in updates], clip)
    gradients = [plan.memory.gradient(values[parameter]) for parameter in trained]
    clips_norm = clip is not None and clip.mode == "norm"
    checks_norms = stop_condition is not None and stop_condition.needs_norms
    norms = GradientNorms(plan, gradients) if gradients and (clips_norm or checks_norms) else None
    planned_condition = planned_clip = None
    if stop_condition:
        planned_condition = PlannedStopCondition(plan, stop_condition, trained, norms)
    if clip and gradients:
        planned_clip = PlannedClipping(plan, clip, gradients, norms)
    planned_updates = []
    for update in updates:
        value = values[update.parameter]
        deferred = value in plan.deferral.updates
        planned_updates.append(None if deferred else plan_update(plan, value, update))
    actions, hold_flag = plan.actions, plan.memory.hold_flag
    steps = Executable(
        actions.before_hold_point, threads, actions.after_hold_point, hold_flag, stop_flag
    )
    return Burst(steps, plan, planned_updates, tuple(updates), planned_clip, planned_condition)


def _in_clipping_order(trained: list[Parameter], clip: Clipping | None) -> list[Parameter]:
    """Return parameters in the order in which clipping adds their norms."""
    if clip is None:
        return trained
    places = {parameter: place for place, parameter in enumerate(clip.parameters)}
    return sorted(trained, key=lambda parameter: places.get(parameter, 0))
