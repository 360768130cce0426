"""The state of a session: all that decides the rest of a run, as one value.

A branch is a function of its decisions. So its decisions and curves are enough to return to any of
its steps, and one state of the engine is enough for all branches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tuitrain.commands import AddBreakpoint, AnyCommand
from tuitrain.engines.state import EngineState

from .history.branch import Branch
from .history.state_cache import Decision


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
    decisions : all decisions before it
    planned : the planned commands that were pending
    """

    step: int
    decisions: tuple[Decision, ...] = ()
    planned: tuple[PlannedCommand, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class SessionState:
    """The state of a session at a boundary.

    Attributes
    ----------
    engine : with the last step's gradients, which inspections at this boundary may need
    branches_made : how many branches were made; the next one is named by it
    branch : the present branch
    left_branches : the other branches, oldest first
    undone : the names of the branches that `redo` can return to, the next one last
    checkpoints : where checkpoints were made, by name
    planned : the planned commands that are pending
    breakpoints : the conditions that are set
    held_step : the step that a breakpoint holds, or None: it passes next time
    met_conditions : the conditions that the held step, or else the last step taken, has met
    observer_state : what the observers of the session save, as plain values
    """

    engine: EngineState
    branches_made: int
    branch: Branch
    left_branches: tuple[Branch, ...] = ()
    undone: tuple[str, ...] = ()
    checkpoints: Mapping[str, CheckpointRef] = field(default_factory=dict[str, CheckpointRef])
    planned: tuple[PlannedCommand, ...] = ()
    breakpoints: tuple[AddBreakpoint, ...] = ()
    held_step: int | None = None
    met_conditions: tuple[AddBreakpoint, ...] = ()
    observer_state: Mapping[str, Any] = field(default_factory=dict[str, Any])
