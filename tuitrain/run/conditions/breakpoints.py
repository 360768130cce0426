"""Breakpoints: conditions on which a run pauses before an update is applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tuitrain.commands import AddBreakpoint, RemoveBreakpoint, to_text
from tuitrain.engines.engine import Engine
from tuitrain.engines.pending_step import PendingStep
from tuitrain.engines.steerable import CommandResult
from tuitrain.engines.targets import match_names
from tuitrain.errors import RefusedError

from ..snapshot import Series
from .checks import check_target, new_metric_reason, step_reason


class Breakpoints:
    """The conditions of a session.

    Attributes
    ----------
    reason : why the last step was held, or why a metric pauses the run
    """

    def __init__(self) -> None:
        self._conditions: dict[AddBreakpoint, int] = {}
        self.reason = ""

    def __len__(self) -> int:
        return len(self._conditions)

    def apply(self, command: AddBreakpoint | RemoveBreakpoint, engine: Engine) -> CommandResult:
        """Add a condition, remove one, or remove all.

        Raises
        ------
        RefusedError : the target of the condition does not exist, or there is no condition to
            remove
        """
        if isinstance(command, AddBreakpoint):
            check_target(command, engine)
            added = self.add(command, engine.step)
            return CommandResult(
                added, "the run will pause then" if added else "that is set already"
            )
        if command.condition is None:
            count = self.clear()
            return CommandResult(bool(count), _removed(count))
        if not self.remove(command.condition):
            known = [text.removeprefix("break when ") for text in self.texts()]
            raise RefusedError(
                f"{to_text(command.condition).removeprefix('break when ')!r} is not a breakpoint "
                "here; " + (f"set are {', '.join(known)}" if known else "none is set")
            )
        return CommandResult(True, f"{len(self)} left")

    def add(self, condition: AddBreakpoint, since: int = 0) -> bool:
        """Add a condition at the boundary before step ``since``; return False if it exists."""
        if condition in self._conditions:
            return False
        self._conditions[condition] = since
        return True

    def remove(self, condition: AddBreakpoint) -> bool:
        """Remove a condition; return False if it does not exist."""
        if condition not in self._conditions:
            return False
        del self._conditions[condition]
        return True

    def clear(self) -> int:
        """Remove all conditions, and return how many there were."""
        count = len(self._conditions)
        self._conditions = {}
        return count

    def move_to(self, step: int) -> None:
        """Follow the run to another boundary: no condition is newer than this step."""
        self._conditions = {
            condition: min(since, step) for condition, since in self._conditions.items()
        }

    @property
    def conditions(self) -> tuple[AddBreakpoint, ...]:
        """The conditions, oldest first."""
        return tuple(self._conditions)

    @property
    def since(self) -> tuple[int, ...]:
        """The steps taken when each of the conditions was set, in their order."""
        return tuple(self._conditions.values())

    def was_set(self, condition: AddBreakpoint, step: int) -> bool:
        """Whether a condition was set already when step ``step`` (from 0) was checked."""
        return self._conditions.get(condition, step + 1) <= step

    def texts(self) -> tuple[str, ...]:
        """Return the conditions, as the commands that made them."""
        return tuple(to_text(condition) for condition in self._conditions)

    def without_target(self, groups: Sequence[str]) -> tuple[str, ...]:
        """Return the conditions that match none of these groups, as commands."""
        return tuple(
            to_text(condition)
            for condition in self._conditions
            if condition.group and not match_names(condition.group, groups)
        )

    @property
    def holds_steps(self) -> bool:
        """Whether a condition is checked within steps; metrics are checked between them."""
        return any(not condition.is_on_metric for condition in self._conditions)

    def met(self, step: PendingStep, losses: Sequence[float]) -> dict[AddBreakpoint, str]:
        """Return the conditions that a step meets, with reasons, given the losses before it."""
        reasons = {
            condition: step_reason(condition, step, losses) for condition in self._conditions
        }
        return {condition: reason for condition, reason in reasons.items() if reason}

    def check_metrics(self, step: int, curves: Mapping[str, Series]) -> bool:
        """Return whether metrics measured after ``step`` steps pause the run; sets `reason`.

        A condition pauses it at the first measurement that meets it, and again only after one that
        did not. Measurements before the condition was set do not count.

        Parameters
        ----------
        curves : the metrics of the present branch so far
        """
        for condition, since in self._conditions.items():
            if reason := new_metric_reason(condition, since, step, curves):
                self.reason = reason
                return True
        return False


def _removed(count: int) -> str:
    """Say how many breakpoints were removed."""
    if not count:
        return "no breakpoint is set"
    return f"{count} breakpoint{'s' if count > 1 else ''} removed"
