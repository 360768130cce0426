"""Motion: whether a run goes on, how far, and what made it stand."""

from __future__ import annotations

from tuitrain.engines.engine import CommandResult

from .snapshot import Phase


class RunState:
    """Runs, runs for so many steps, stands, or has ended.

    Attributes
    ----------
    phase : what the run is doing
    steps_left : the steps after which it pauses, or None
    broke : why a breakpoint paused it, until it goes on; else ""
    """

    def __init__(self) -> None:
        self.phase = Phase.RUNNING
        self.steps_left: int | None = None
        self.breakpoint_reason = ""

    def pause(self, step: int) -> CommandResult:
        """Pause at this step."""
        if self.phase is Phase.PAUSED:
            return CommandResult(False, f"already paused at step {step}")
        self.phase, self.steps_left = Phase.PAUSED, None
        return CommandResult(True, f"paused at step {step}")

    def resume(self, step: int) -> CommandResult:
        """Run on, without a limit."""
        if self.phase is Phase.RUNNING and self.steps_left is None:
            return CommandResult(False, "already running")
        self.phase, self.steps_left, self.breakpoint_reason = Phase.RUNNING, None, ""
        return CommandResult(True, f"running on from step {step}")

    def run_steps(self, count: int, step: int, total: int) -> CommandResult:
        """Run for so many steps, at most to the last of ``total``, then pause."""
        taken = min(count, total - step)
        self.phase, self.steps_left, self.breakpoint_reason = Phase.RUNNING, taken, ""
        short = f"; only {taken} {'is' if taken == 1 else 'are'} left" if taken < count else ""
        return CommandResult(True, f"to step {step + taken}, then pause{short}")

    def stop(self, step: int) -> CommandResult:
        """End the run."""
        self.phase = Phase.STOPPED
        return CommandResult(True, f"stopped at step {step}")

    def pause_at_breakpoint(self, why: str) -> None:
        """Pause because of a breakpoint."""
        self.phase, self.steps_left, self.breakpoint_reason = Phase.PAUSED, None, why

    def settle(self, at_end: bool) -> None:
        """Pause after a way back, or be at the end."""
        self.phase = Phase.FINISHED if at_end else Phase.PAUSED
        self.steps_left, self.breakpoint_reason = None, ""

    def count_steps(self, steps: int) -> None:
        """Take note of steps; pause after the last of those that were asked for."""
        if self.steps_left is not None:
            self.steps_left -= steps
            if self.steps_left == 0:
                self.phase, self.steps_left = Phase.PAUSED, None
