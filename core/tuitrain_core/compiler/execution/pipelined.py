"""Several steps of which only the last one stores its gradients.

In the other steps a gradient goes into its update block by block, and is never stored as a whole.
With one sample in a batch, the transfer of the weights between memory and caches decides how long a
step takes. So an update waits until the next step reads the weights, and is made there, by the
kernels of `native.optim.rank1_update`. A step in between makes the updates that the step before has
deferred, and defers its own; this is software pipelining. The results have the same bits as those
of steps taken one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import numpy as np

from ...native.optim import rank1_update
from ..graph import Value
from ..planning.call import Action, StridedPointer
from ..planning.deferral import DeferralOptions, DeferredUpdate
from ..planning.plan import Plan
from ..planning.updates import (
    ParameterUpdate,
    accepts_blocks,
    can_defer,
    defer_update,
    point_at_scalars,
)
from .burst import Burst, plan_burst
from .executor import never

StepPlanner: TypeAlias = Callable[[DeferralOptions], Plan]
"""Plans a step up to its gradients."""


@dataclass(frozen=True, slots=True)
class PipelinedSteps:
    """Two steps or more. One `interrupt` ends all parts.

    Attributes
    ----------
    first : the first step; None if it is like those between
    between : the steps up to the last one
    last : the last step
    deferred : the updates that are deferred, by the indices of their parameters
    """

    first: Burst | None
    between: Burst
    last: Burst
    deferred: Mapping[int, DeferredUpdate] = field(default_factory=dict)

    def bind(self, updates: Sequence[ParameterUpdate]) -> None:
        """Set the scalars of the coming steps."""
        for part in (self.first, self.between, self.last):
            if part is not None:
                part.bind(updates)
        for index, update in self.deferred.items():
            point_at_scalars(updates[index].scalars, update.scalars, delay=1)

    def run(self, steps: int, is_interrupted: Callable[[], bool] = never) -> int:
        """Run 2 steps or more, up to a step that is held, and return how many ran.

        Parameters
        ----------
        is_interrupted : see `Executable.run`
        """
        taken = 0
        if self.first is not None:
            taken = self.first.run(1, is_interrupted=is_interrupted)
            if not taken:
                return 0
        between = steps - taken - 1
        if between and not (taken and self.between.interrupted):
            taken += self.between.run(between, taken, is_interrupted)
        if not self.between.held:
            taken += self.last.run(1, steps_before=taken)
        return taken

    def raise_failure(self) -> None:
        """Raise the error of the check that has held a step; see `Burst.raise_failure`."""
        self.last.raise_failure()

    def interrupt(self) -> None:
        """End `run` after at most one more step; may be called from any thread."""
        self.last.interrupt()


def plan_pipelined(
    plan: StepPlanner,
    updates: Sequence[ParameterUpdate],
    indices: Mapping[Value, int],
    threads: int,
) -> PipelinedSteps:
    """Plan pipelined steps.

    Parameters
    ----------
    plan : plans a step
    updates : the update of each trained parameter
    indices : the index of each parameter among the updates
    threads : see `Executable`
    """
    blockwise = [value for value, index in indices.items() if accepts_blocks(updates[index])]
    deferrable = [value for value, index in indices.items() if can_defer(updates[index])]
    part = partial(plan_burst, updates=updates, threads=threads, stop_flag=np.zeros(1, np.int64))
    opening = plan(DeferralOptions(blockwise, deferrable))
    # The update before a held step must be made and measured, and so in its own step.
    if not opening.deferral.updates or opening.actions.checks or not opening.is_native:
        between = part(plan(DeferralOptions(blockwise)))
        return PipelinedSteps(None, between, part(plan(DeferralOptions())))
    due = {value: defer_update(updates[indices[value]]) for value in opening.deferral.updates}
    return PipelinedSteps(
        part(opening),
        part(plan(DeferralOptions(blockwise, deferrable, due))),
        part(plan(DeferralOptions(due=due))),
        {indices[value]: update for value, update in due.items()},
    )


def pipelined_actions(plan: StepPlanner, parameters: Collection[Value]) -> list[Action]:
    """Return the actions of steps that make deferred updates, for every rule that has kernels."""
    deferred = plan(DeferralOptions(updates=parameters)).deferral.updates
    actions = []
    for rule in rank1_update.SUPPORTED_RULES if deferred else ():
        due = dict.fromkeys(deferred, DeferredUpdate(rule, [], StridedPointer(0)))
        step = plan(DeferralOptions(updates=parameters, due=due))
        actions += step.actions.before_hold_point
    return actions
