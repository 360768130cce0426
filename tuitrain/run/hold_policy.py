"""Holding: the breakpoints are asked about the steps to come, and hold one at most."""

from __future__ import annotations

from collections.abc import Callable

from tuitrain.commands import AddBreakpoint
from tuitrain.engines.engine import Engine, HoldCondition, PendingStep

from .breakpoints import AVERAGE_STEPS, Breakpoints
from .timeline import Timeline


class HoldPolicy:
    """Asks the breakpoints about each step before its update; one that they held passes next time.

    Parameters
    ----------
    engine, timeline : where the run stands, and the losses that led there
    breakpoints : hold a step or let it pass

    Attributes
    ----------
    at : the step that is held, if any
    met : the conditions that the step asked about last has met
    attended : whether there is a user to answer: then every step that meets a condition is held.
        Else one is held when it meets a condition that the step before it did not meet
    """

    def __init__(self, engine: Engine, timeline: Timeline, breakpoints: Breakpoints) -> None:
        self.held_step: int | None = None
        self.met_conditions: tuple[AddBreakpoint, ...] = ()
        self.is_attended = True
        self._met_at = -1
        self._passing = False
        self._engine = engine
        self._timeline = timeline
        self._breakpoints = breakpoints

    def reset(self) -> None:
        """Forget which step is held and what was met: the line has other steps there."""
        self.held_step, self.met_conditions, self._met_at = None, (), -1

    def current_conditions(self) -> tuple[AddBreakpoint, ...]:
        """Return the conditions that the held step, or the last step taken, has met."""
        return self.met_conditions if self._met_at >= self._engine.step - 1 else ()

    def restore(self, at: int | None, met: tuple[AddBreakpoint, ...]) -> None:
        """Go on from what `at` and `met_now` were at this boundary."""
        step = self._engine.step
        self.held_step, self.met_conditions, self._met_at = (
            at,
            met,
            step if at == step else step - 1,
        )

    def start_burst(self) -> tuple[Callable[[PendingStep], bool] | None, HoldCondition | None]:
        """Before a burst: say who may hold its steps, and for what; see `Engine.run`."""
        self._passing = self.held_step == self._engine.step
        if not self._breakpoints.holds_steps:
            return None, None
        groups = dict.fromkeys(map(self._engine.group_of, self._engine.parameters()))
        recent = self._timeline.line.loss.last(AVERAGE_STEPS)
        return self._hold, self._breakpoints.stop_condition([*groups], recent)

    def end_burst(self) -> bool:
        """After a burst: whether a step of it is held now."""
        if self.held_step != self._engine.step:
            self.held_step = None  # let pass, without a question
        return self.held_step is not None and not self._passing

    def _hold(self, step: PendingStep) -> bool:
        """Ask the breakpoints, but let the step pass that was held before."""
        passing, self._passing = self._passing and self.held_step == self._engine.step, False
        if passing:
            self.held_step = None
            return False
        # Those of this burst too: when a burst ends must not decide what the average is.
        recent = [*self._timeline.line.loss.last(AVERAGE_STEPS), *step.before][-AVERAGE_STEPS:]
        now, reasons = self._engine.step, self._breakpoints.met(step, recent)
        known = self.met_conditions if self._met_at == now - 1 and not self.is_attended else ()
        self.met_conditions, self._met_at = tuple(reasons), now
        new = [reason for condition, reason in reasons.items() if condition not in known]
        self._breakpoints.reason = new[0] if new else ""
        self.held_step = now if new else None
        return bool(new)
