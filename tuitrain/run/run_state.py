"""The run state: whether a run takes steps, how many until it pauses, and why it is paused."""

from __future__ import annotations

from tuitrain.engines.steerable import CommandResult

from .snapshot import Phase


def describe_pace(pace: float | None) -> str:
    """Return a pace in words: ``150 steps/s``, ``full speed``."""
    return "full speed" if pace is None else f"{pace:g} steps/s"


class RunState:
    """The phase of a run, and the commands that change it.

    Attributes
    ----------
    phase : the phase of the run
    steps_left : the number of steps before it pauses, or None
    breakpoint_reason : why a breakpoint has paused it, until it continues; else ""
    pace : maximum steps per second while a screen shows the run; None for no limit
    """

    def __init__(self) -> None:
        self.phase = Phase.RUNNING
        self.steps_left: int | None = None
        self.breakpoint_reason = ""
        self.pace: float | None = None

    def pause(self, step: int) -> CommandResult:
        """Pause at this step."""
        if self.phase is Phase.PAUSED:
            return CommandResult(False, f"already paused at step {step}")
        self.phase, self.steps_left = Phase.PAUSED, None
        return CommandResult(True, f"paused at step {step}")

    def resume(self, step: int) -> CommandResult:
        """Run without a limit."""
        if self.phase is Phase.RUNNING and self.steps_left is None:
            return CommandResult(False, "already running")
        self.phase, self.steps_left, self.breakpoint_reason = Phase.RUNNING, None, ""
        return CommandResult(True, f"running from step {step}")

    def run_steps(self, count: int, step: int, total: int) -> CommandResult:
        """Run for ``count`` steps, at most to the last of ``total``, then pause."""
        steps = min(count, total - step)
        self.phase, self.steps_left, self.breakpoint_reason = Phase.RUNNING, steps, ""
        short = f"; only {steps} {'is' if steps == 1 else 'are'} left" if steps < count else ""
        return CommandResult(True, f"to step {step + steps}, then pause{short}")

    def set_pace(self, pace: float | None) -> CommandResult:
        """Take at most this many steps a second while a screen shows the run; None for no limit."""
        if pace == self.pace:
            return CommandResult(False, f"the pace is {describe_pace(pace)} already")
        before, self.pace = self.pace, pace
        return CommandResult(True, f"{describe_pace(before)} → {describe_pace(pace)}")

    def stop(self, step: int) -> CommandResult:
        """End the run."""
        self.phase = Phase.STOPPED
        return CommandResult(True, f"stopped at step {step}")

    def pause_at_breakpoint(self, reason: str) -> None:
        """Pause because of a breakpoint."""
        self.phase, self.steps_left, self.breakpoint_reason = Phase.PAUSED, None, reason

    def settle(self, at_end: bool) -> None:
        """Pause, or finish at the end, after the run has moved to another step."""
        self.phase = Phase.FINISHED if at_end else Phase.PAUSED
        self.steps_left, self.breakpoint_reason = None, ""

    def count_steps(self, steps: int) -> None:
        """Count steps that were taken; pause after the last one that `run_steps` allows."""
        if self.steps_left is not None:
            self.steps_left -= steps
            if self.steps_left == 0:
                self.phase, self.steps_left = Phase.PAUSED, None
