"""A series of steps that nobody looks at, but for the last one, which leaves its gradients.

In the others a gradient goes into its update block by block, and is never whole. With one sample
in a batch, the way of the weights from and to the caches decides how long a step takes: so an
update waits until the next step reads the weights, and is made there, by the kernels of
`native.rank_one`. A step in between then makes the updates that the one before has carried over,
and carries over its own; this is what is known as software pipelining. The results are the same,
bit for bit, as those of steps taken one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from ...native.optim import rank1_update
from ..graph import Value
from ..planning.call import StridedPointer
from ..planning.plan import Action, DeferredUpdate, Plan
from ..planning.updates import (
    ParameterUpdate,
    accepts_blocks,
    can_defer,
    defer_update,
    point_at_scalars,
)
from . import burst
from .burst import Burst


@dataclass(frozen=True, slots=True)
class PipelinedSteps:
    """Two steps or more.

    All of its parts end at the same `interrupt`.

    Attributes
    ----------
    first : the first step, where it is another than those between
    between : the steps up to the last one
    last : the last step
    owed : the updates that are carried over, by the places of their parameters
    """

    first: Burst | None
    between: Burst
    last: Burst
    deferred: Mapping[int, DeferredUpdate] = field(default_factory=dict)

    def bind(self, given: Sequence[ParameterUpdate]) -> None:
        """Take the numbers of the steps that come."""
        for part in (self.first, self.between, self.last):
            if part is not None:
                part.bind(given)
        for place, update in self.deferred.items():
            point_at_scalars(given[place].scalars, update.scalars, late=1)

    def run(self, steps: int) -> int:
        """Take steps, 2 or more, up to one that is held; return how many."""
        taken = 0
        if self.first is not None:
            taken = self.first.run(1)
            if not taken:
                return 0
        between = steps - taken - 1
        if between and not (taken and self.between.interrupted):
            taken += self.between.run(between, steps_before=taken)
        if not self.between.held:
            taken += self.last.run(1, steps_before=taken)
        return taken

    def raise_failure(self) -> None:
        """Raise what is wrong with a step that could not be taken; see `Burst.check`."""
        self.last.raise_failure()

    def interrupt(self) -> None:
        """Take one more step at the most; from any thread."""
        self.last.interrupt()


def plan_pipelined(
    plan: Callable[..., Plan],
    updates: Sequence[ParameterUpdate],
    places: Mapping[Value, int],
    threads: int,
) -> PipelinedSteps:
    """Plan a series.

    Parameters
    ----------
    plan : plans a step; takes ``by_blocks``, ``carries`` and ``owed``, see `Plan`
    updates : what becomes of each parameter
    places : the place of each parameter among the updates
    """
    by_blocks = [value for value, place in places.items() if accepts_blocks(updates[place])]
    carries = [value for value, place in places.items() if can_defer(updates[place])]
    part = partial(
        burst.plan_burst, updates=updates, threads=threads, stop_flag=np.zeros(1, np.int64)
    )
    opening = plan(by_blocks=by_blocks, carries=carries)
    # Where a check may hold a step, the update before it is measured, and so made in its own step.
    if not opening.carried or opening.checks or not opening.native:
        return PipelinedSteps(None, part(plan(by_blocks=by_blocks)), part(plan()))
    due = {value: defer_update(updates[places[value]]) for value in opening.carried}
    return PipelinedSteps(
        part(opening),
        part(plan(by_blocks=by_blocks, carries=carries, owed=due)),
        part(plan(owed=due)),
        {places[value]: update for value, update in due.items()},
    )


def pipelined_actions(plan: Callable[..., Plan], parameters: Collection[Value]) -> list[Action]:
    """Return what steps do that make updates for the one before, by every rule that can be."""
    carried = plan(carries=parameters).carried
    found = []
    for rule in rank1_update.SUPPORTED_RULES if carried else ():
        due = dict.fromkeys(carried, DeferredUpdate(rule, [], StridedPointer(0)))
        found += plan(carries=parameters, owed=due).actions
    return found
