"""The choices of the start screen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from .renderables.charts.pinned_runs import PinnedRun


@dataclass(frozen=True, slots=True)
class RunScenario:
    """Run a scenario; None for the default scenario."""

    path: Path | None
    pinned: tuple[PinnedRun, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainModel:
    """Train a model on a data set."""

    data: str
    model: str
    pinned: tuple[PinnedRun, ...] = ()


@dataclass(frozen=True, slots=True)
class ResumeRun:
    """Continue a recorded run."""

    folder: Path
    pinned: tuple[PinnedRun, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenRecording:
    """Show a recorded run, read-only."""

    folder: Path
    pinned: tuple[PinnedRun, ...] = ()


@dataclass(frozen=True, slots=True)
class AttachRun:
    """Look at a live run; ``word`` names it as ``tuitrain attach`` takes it."""

    word: str
    pinned: tuple[PinnedRun, ...] = ()


StartChoice: TypeAlias = RunScenario | TrainModel | ResumeRun | OpenRecording | AttachRun
"""A choice, with the past runs that are drawn beside it."""
