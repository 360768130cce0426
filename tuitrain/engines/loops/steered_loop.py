"""The side of a loop that takes turns with a session: losses, metrics, holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from tuitrain.errors import RefusedError

from ..pending_step import HoldCondition, PendingStep, meets_condition
from .turns import ALONE_SECONDS, TURN_SECONDS, Turns


def _ignore_lr(group: str, lr: float) -> None:
    del group, lr


class SteeredLoop:
    """Takes the turns of a loop in a thread of its own, whatever its steps compute.

    Attributes
    ----------
    turns : the turns of the loop and of the session
    step : steps taken
    last_step : the last step of the run, if the loop has taken more since; else None
    updates : the updates so far, those of left branches among them
    reported : the metrics that the script has reported since the last boundary
    logged : those that it had reported by this boundary, and after the one before it
    has_jumped : whether a state was loaded since the batch was fetched
    is_viewed : whether the sizes of updates are measured now and then, for viewers
    error : what has ended the loop, or None
    is_cut : whether the loop has ended in the middle of a step, as far as is known: the state may
        then be that of no boundary
    on_lr : called with a group's name and the lr of an update, if the update before had another
    """

    def __init__(self) -> None:
        self.turns = Turns()
        self.step = self.updates = 0
        self.last_step: int | None = None
        self.reported: dict[str, float] = {}
        self.logged: Mapping[str, float] = {}
        self._logged_step = -1
        self.has_jumped = False
        self.is_viewed = True
        self.error: BaseException | None = None
        self.is_cut = False
        self.on_lr: Callable[[str, float], None] = _ignore_lr
        self._rates: dict[str, float] = {}
        self._rates_step = 0
        self._reported_loss = math.nan
        self._losses: list[float] = []
        self._max_steps = self._turn_steps = 0
        self._should_hold: Callable[[PendingStep], bool] | None = None
        self._hold_condition: HoldCondition | None = None
        self._is_held = False
        self._has_updated = False

    @property
    def is_steerable(self) -> bool:
        """Whether commands can be applied at the present boundary; see `Steerable`."""
        return True

    def run(
        self,
        steps: int,
        should_stop: Callable[[], bool],
        should_hold: Callable[[PendingStep], bool] | None,
        hold_condition: HoldCondition | None,
    ) -> Sequence[float]:
        """Let the loop take steps, and wait; called by the session. See `Trainable.run`."""
        self._losses, self._should_hold, self._is_held = [], should_hold, False
        self._hold_condition, self._max_steps = hold_condition, steps
        self.logged = {}
        self._begin_turns(1 if should_stop() else steps)  # a later request interrupts the turn
        while (left := steps - len(self._losses)) > 0:
            self._take_turn(left)
            if self._is_held or self.logged or self.turns.has_ended or self.turns.is_released:
                break
            if should_stop():
                break
        if isinstance(self.error, Exception) and not self._losses:
            raise self.error
        return self._losses

    def _begin_turns(self, max_steps: int) -> None:
        """Prepare the turns of a run, each of which has at most this number of steps."""
        self._turn_steps = max_steps

    def _take_turn(self, left: int) -> None:
        """Let the loop take steps, of which the run has some left, and wait."""
        self.turns.let_run(min(self._turn_steps, left))

    def follow_viewers(self, is_viewed: bool) -> None:
        """Note whether the run has viewers: without any, nothing is measured for them."""
        self.is_viewed = is_viewed
        self.turns.seconds = TURN_SECONDS if is_viewed else ALONE_SECONDS

    def log(self, values: Mapping[str, float]) -> None:
        """Take metrics, or the ``loss`` of the coming update."""
        for name, value in values.items():
            if name == "loss":
                self._reported_loss = float(value)
            else:
                self.reported[name] = float(value)

    def collect_reports(self) -> None:
        """Note that the metrics reported so far are those of this boundary, where a turn ends.

        Those of steps after the run's end are dropped.
        """
        if self.last_step is not None:
            self.reported = {}
        if self.reported:
            if self.turns.is_released:  # the earlier ones wait for the loop's end, too
                self.reported = {**self.logged, **self.reported}
            self.logged, self.reported = self.reported, {}
            self._logged_step = self.step
            self.turns.interrupt()

    def has_reports_of_boundary(self) -> bool:
        """Whether metrics wait that can be recorded at this boundary: no others were before.

        Those of the run's last boundary are recorded at the loop's end, however many there are.
        """
        is_free = self._logged_step != self.step or self.turns.is_released
        return is_free and bool(self.reported)

    def end(self, error: BaseException | None = None) -> None:
        """Note that the loop has ended, and what has ended it."""
        self.error = error
        self._note_cut(error)
        self.collect_reports()
        self.turns.end()

    def _note_cut(self, error: BaseException | None) -> None:
        """Note whether an exception has ended the loop in the middle of a step.

        An interrupt may come within an update; any exception may follow a forward pass, which
        changes the buffers of norm layers.
        """
        is_unplanned = isinstance(error, Exception | KeyboardInterrupt)
        self.is_cut = self._is_updating or (is_unplanned and self._may_have_changed_buffers())

    @property
    def _is_updating(self) -> bool:
        """Whether an update is under way."""
        return self.turns.is_updating

    def _may_have_changed_buffers(self) -> bool:
        """Whether a forward pass since the boundary may have changed buffers."""
        return False

    def _check_first_update(self) -> None:
        """Check that a batch of `batches` gets its first update; a fetch clears `_has_updated`.

        Raises
        ------
        RefusedError : it has had one
        """
        if self._has_updated and not self.has_jumped and not self.turns.is_released:
            raise RefusedError(
                "optimizer.step() was called again before the next batch of run.batches, which "
                "gives each step a batch of its own"
            )

    def _finish_step(self, loss: float) -> None:
        """Count a step, with its loss unless the script has reported another."""
        self._has_updated = True
        self._losses.append(loss if math.isnan(self._reported_loss) else self._reported_loss)
        self._reported_loss = math.nan
        if self.turns.is_released and self.last_step is None:
            self.last_step, self.reported = self.step, {}
        self.step += 1
        self.updates += 1
        self.turns.count()

    def _note_rates(self, rates: Iterable[tuple[str, float]]) -> None:
        """Report the groups' learning rates in an update that are not those of the last one."""
        if self.step != self._rates_step:
            self._rates = {}  # after a jump
        self._rates_step = self.step + 1
        for group, lr in rates:
            if lr != self._rates.get(group):
                self._rates[group] = lr
                self.on_lr(group, lr)

    def _wants_hold(self, pending: PendingStep) -> bool:
        """Whether a breakpoint holds a step."""
        if self._should_hold is None or self.turns.is_released:
            return False
        condition = self._hold_condition
        may_hold = condition is None or meets_condition(pending, condition)
        return may_hold and self._should_hold(pending)
