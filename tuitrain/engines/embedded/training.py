"""Running steps in bursts; an error in a step leaves the state before that step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..pending_step import HoldCondition, PendingStep
from .holdable_steps import HoldableSteps
from .model import SeededModel
from .stepper import Stepper


class Training:
    """Takes bursts of steps until the caller stops the run.

    Parameters
    ----------
    model : the network that is trained
    stepper : takes the steps that cannot be held

    Attributes
    ----------
    step : steps taken
    """

    def __init__(self, model: SeededModel, stepper: Stepper, holdable: HoldableSteps) -> None:
        self.step = 0
        self._model = model
        self._stepper = stepper
        self._holdable = holdable
        self._error: Exception | SystemExit | None = None

    def run(
        self,
        steps: int,
        should_stop: Callable[[], bool],
        should_hold: Callable[[PendingStep], bool] | None = None,
        hold_condition: HoldCondition | None = None,
    ) -> Sequence[float]:
        """Take at least one and at most ``steps`` steps; see `Trainable.run`."""
        losses: list[float] = []
        with self._model.rng_scope():
            while len(losses) < steps:
                burst = self._take_burst(steps - len(losses), losses, should_hold, hold_condition)
                self.step += len(burst)
                losses += burst
                if not burst or should_stop():
                    break
        return losses

    def jump(self, step: int) -> None:
        """Continue from another step, whose state has been loaded."""
        self.step = step
        self._error = None

    def _take_burst(
        self,
        max_steps: int,
        losses: Sequence[float],
        should_hold: Callable[[PendingStep], bool] | None,
        hold_condition: HoldCondition | None,
    ) -> list[float]:
        """Take one burst; a step that raises an error leaves the state as it was.

        The losses of earlier steps of this run are returned first, and the next run raises the
        error, so the record has the loss of each step taken.
        """
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        before = None if self._stepper.is_native else self._model.mutable_state()
        try:
            if should_hold is None:
                return self._stepper.take_burst(self.step, max_steps)
            return self._holdable.take_burst(
                self.step, max_steps, losses, should_hold, hold_condition
            )
        except (Exception, SystemExit) as error:
            if before is not None:
                self._model.restore(before)
            if not losses:
                raise
            self._error = error
            return []
