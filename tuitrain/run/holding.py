"""Holding: the breakpoints are asked about the steps to come, and hold one at most."""

from __future__ import annotations

from collections.abc import Callable

from tuitrain.engines.base import Engine, Pending, Watch

from .breakpoints import AVERAGE_OVER, Breakpoints
from .timeline import Timeline


class Holding:
    """Asks the breakpoints about each step before its update; one that they held passes next time.

    Parameters
    ----------
    engine, timeline : where the run stands, and the losses that led there
    breakpoints : hold a step or let it pass

    Attributes
    ----------
    at : the step that is held, if any
    """

    def __init__(self, engine: Engine, timeline: Timeline, breakpoints: Breakpoints) -> None:
        self.at: int | None = None
        self._passing = False
        self._engine = engine
        self._timeline = timeline
        self._breakpoints = breakpoints

    def begin(self) -> tuple[Callable[[Pending], bool] | None, Watch | None]:
        """Before a burst: say who may hold its steps, and for what; see `Engine.run`."""
        self._passing = self.at == self._engine.step
        if not self._breakpoints.hold_steps:
            return None, None
        groups = dict.fromkeys(map(self._engine.group_of, self._engine.parameters()))
        recent = self._timeline.line.loss.last(AVERAGE_OVER)
        return self._hold, self._breakpoints.watch([*groups], recent)

    def end(self) -> bool:
        """After a burst: whether a step of it is held now."""
        if self.at != self._engine.step:
            self.at = None  # let pass, without a question
        return self.at is not None and not self._passing

    def _hold(self, step: Pending) -> bool:
        """Ask the breakpoints, but let the step pass that was held before."""
        passing, self._passing = self._passing and self.at == self._engine.step, False
        if passing:
            self.at = None
            return False
        # Those of this burst too: when a burst ends must not decide what the average is.
        recent = [*self._timeline.line.loss.last(AVERAGE_OVER), *step.before][-AVERAGE_OVER:]
        held = self._breakpoints.hold(step, recent)
        self.at = self._engine.step if held else None
        return held
