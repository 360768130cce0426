"""The state of a session: everything that decides the rest of a run, as one value.

A line of history is the function of its decisions; so decisions and curves are enough to return to
any of it, and of the engine one state will do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tuitrain.commands import AddBreakpoint, AnyCommand
from tuitrain.engines.state import EngineState

from .history.state_cache import Decision
from .line import Line


@dataclass(frozen=True, slots=True)
class PlannedCommand:
    """A command to be applied at the boundary before step ``step`` (counted from 0)."""

    step: int
    command: AnyCommand


@dataclass(frozen=True, slots=True)
class CheckpointRef:
    """Where a checkpoint was made.

    Attributes
    ----------
    step : steps taken
    decisions : all that had led there
    planned : the planned commands that were still to come
    """

    step: int
    decisions: tuple[Decision, ...] = ()
    planned: tuple[PlannedCommand, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class SessionState:
    """The state of a session at a boundary.

    Attributes
    ----------
    engine : with the gradients of the last step, for somebody may ask for them at this boundary
    made : how many lines were made; the next is named by it
    line : the present line of history
    left : the lines that were left, oldest first
    undone : the names of those that `redo` can go on with, the next one last
    marks : where checkpoints were made, by name
    planned : the planned commands that are still to come
    breakpoints : the conditions that are set
    held_at : the step that a breakpoint holds, if any: it passes next time
    met : the conditions that this step, or else the last one taken, has met
    memory : what those remember who watch the session, as plain values
    """

    engine: EngineState
    branches_made: int
    branch: Line
    left_branches: tuple[Line, ...] = ()
    undone: tuple[str, ...] = ()
    checkpoints: Mapping[str, CheckpointRef] = field(default_factory=dict)
    planned: tuple[PlannedCommand, ...] = ()
    breakpoints: tuple[AddBreakpoint, ...] = ()
    held_step: int | None = None
    met_conditions: tuple[AddBreakpoint, ...] = ()
    observer_state: Mapping[str, Any] = field(default_factory=dict)
