"""What somebody may choose at the start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from .renderables.charts.pinned_runs import PinnedRun


@dataclass(frozen=True, slots=True)
class RunScenario:
    """Start a scenario; None for the first flight."""

    path: Path | None
    pinned: tuple[PinnedRun, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainModel:
    """Train a network on some data."""

    data: str
    model: str
    pinned: tuple[PinnedRun, ...] = ()


@dataclass(frozen=True, slots=True)
class ResumeRun:
    """Go on with a recorded run."""

    folder: Path
    pinned: tuple[PinnedRun, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenRecording:
    """Show a recorded run."""

    folder: Path
    pinned: tuple[PinnedRun, ...] = ()


StartChoice: TypeAlias = RunScenario | TrainModel | ResumeRun | OpenRecording
"""What to do; the pinned runs are drawn beside it."""
