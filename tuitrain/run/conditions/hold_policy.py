"""The hold policy: whether a step is held before its update, by a breakpoint or a rule."""

from __future__ import annotations

from collections.abc import Callable

from tuitrain.commands import AddBreakpoint
from tuitrain.engines.engine import Engine
from tuitrain.engines.pending_step import HoldCondition, PendingStep

from ..history.timeline import Timeline
from .breakpoints import Breakpoints
from .checks import stop_condition
from .comparisons import AVERAGE_STEPS
from .rules import Rules


class HoldPolicy:
    """Checks the rules and the breakpoints before each update.

    A step that a breakpoint holds passes the next time. A step at which a rule is due is checked
    again after the commands of the rule.

    Parameters
    ----------
    engine, timeline : have the present step and the losses before it
    breakpoints, rules : the conditions to check

    Attributes
    ----------
    held_step : the step that is held, or None
    met_conditions : the conditions that the last checked step met
    is_attended : whether a user can answer. If so, every step whose loss or gradient is not finite
        is held. In all other cases, a step is held that meets a condition which the step before it
        did not meet
    """

    def __init__(
        self, engine: Engine, timeline: Timeline, breakpoints: Breakpoints, rules: Rules
    ) -> None:
        self.held_step: int | None = None
        self.met_conditions: tuple[AddBreakpoint, ...] = ()
        self.is_attended = True
        self._checked_step = -1
        self._lets_pass = False
        self._engine = engine
        self._timeline = timeline
        self._breakpoints = breakpoints
        self._rules = rules

    def reset(self) -> None:
        """Forget the held step and its conditions, after a move to another branch."""
        self.held_step, self.met_conditions, self._checked_step = None, (), -1
        self._rules.reset()

    def current_conditions(self) -> tuple[AddBreakpoint, ...]:
        """Return the conditions that the held step, or the last step taken, met."""
        return self.met_conditions if self._checked_step >= self._engine.step - 1 else ()

    def restore(self, held_step: int | None, conditions: tuple[AddBreakpoint, ...]) -> None:
        """Restore `held_step` and `current_conditions` as they were at this boundary."""
        step = self._engine.step
        self.held_step, self.met_conditions = held_step, conditions
        self._checked_step = step if held_step == step else step - 1

    def start_burst(self) -> tuple[Callable[[PendingStep], bool] | None, HoldCondition | None]:
        """Return the arguments with which `Trainable.run` holds a step of the coming burst."""
        self._lets_pass = self.held_step == self._engine.step
        if not (self._breakpoints.holds_steps or self._rules.holds_steps):
            return None, None
        groups = dict.fromkeys(map(self._engine.group_of, self._engine.parameters()))
        recent = self._timeline.branch.loss.last(AVERAGE_STEPS)
        conditions = (*self._breakpoints.conditions, *self._rules.conditions)
        return self._should_hold, stop_condition(conditions, [*groups], recent)

    def end_burst(self) -> bool:
        """Return whether the burst ended at a step that a breakpoint holds."""
        if self.held_step != self._engine.step:
            self.held_step = None  # the step passed without a check
        return self.held_step is not None and not self._lets_pass

    def _should_hold(self, step: PendingStep) -> bool:
        """Check the rules, then the breakpoints; the step that one of them held before passes."""
        # Include the losses of this burst, so that the average does not depend on its length.
        recent = [*self._timeline.branch.loss.last(AVERAGE_STEPS), *step.previous_losses][
            -AVERAGE_STEPS:
        ]
        now = self._engine.step
        if self._rules.find_due(now, step, recent):
            return True
        passes = self._lets_pass and self.held_step == now
        self._lets_pass = False
        if passes:
            self.held_step = None
            self._rules.note_passed(now)
            return False
        reasons = self._breakpoints.met(step, recent)
        known = self._known_conditions(now)
        self.met_conditions, self._checked_step = tuple(reasons), now
        new = [reason for condition, reason in reasons.items() if condition not in known]
        self._breakpoints.reason = new[0] if new else ""
        self.held_step = now if new else None
        if not new:
            self._rules.note_passed(now)
        return bool(new)

    def _known_conditions(self, step: int) -> list[AddBreakpoint]:
        """Return the conditions that the step before met too, so that they hold no step again."""
        if self._checked_step != step - 1:
            return []
        return [
            condition
            for condition in self.met_conditions
            if self._breakpoints.was_set(condition, step - 1)
            and not (condition.on == "nan" and self.is_attended)
        ]
