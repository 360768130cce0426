"""The state of a session: one value that determines the rest of a run.

A branch is a function of its decisions. So its decisions and curves suffice to return to any of its
steps, and one engine state suffices for all branches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tuitrain.commands import AddBreakpoint, AnyCommand
from tuitrain.engines.state import EngineState

from .conditions.rules_state import NO_RULES, RulesState
from .history.branch import Branch
from .history.state_cache import Decision


@dataclass(frozen=True, slots=True)
class PlannedCommand:
    """A command to be applied at the boundary before step ``step`` (counted from 0)."""

    step: int
    command: AnyCommand


@dataclass(frozen=True, slots=True)
class CheckpointRef:
    """The place of a checkpoint.

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
    engine : the engine's state, with the last step's gradients, for inspections at this boundary
    branches_made : the number of branches made, from which the next one gets its name
    branch : the present branch
    left_branches : the other branches, oldest first
    undone : the names of the branches that `redo` can return to, the next one last
    checkpoints : where checkpoints were made, by name
    planned : the planned commands that are pending
    breakpoints : the conditions that are set
    breakpoints_since : the steps taken when each of them was set; empty if that is not known
    held_step : the step that a breakpoint holds, which passes next time; or None
    met_conditions : the conditions that the held step, or else the last step taken, met
    pace : maximum steps per second while a screen shows the run; None for no limit
    observer_state : the state of the session's observers, as plain values
    rules : those that are set, their uses, and their pending commands
    """

    engine: EngineState
    branches_made: int
    branch: Branch
    left_branches: tuple[Branch, ...] = ()
    undone: tuple[str, ...] = ()
    checkpoints: Mapping[str, CheckpointRef] = field(default_factory=dict[str, CheckpointRef])
    planned: tuple[PlannedCommand, ...] = ()
    breakpoints: tuple[AddBreakpoint, ...] = ()
    breakpoints_since: tuple[int, ...] = ()
    held_step: int | None = None
    met_conditions: tuple[AddBreakpoint, ...] = ()
    pace: float | None = None
    observer_state: Mapping[str, Any] = field(default_factory=dict[str, Any])
    rules: RulesState = NO_RULES
