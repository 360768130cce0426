"""A writer that keeps the rows in memory, and runs to follow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tuitrain.run.snapshot import JournalEntry
from tuitrain.tracking.follower import RunFollower
from tuitrain.tracking.rows import BranchStart, Histogram, Row, Scalar, Text


class Collected:
    """The rows of a run by branch, in the order in which they came."""

    def __init__(self) -> None:
        self.starts: list[BranchStart] = []
        self.rows: dict[str, list[Row]] = {}
        self.times: dict[str, list[float]] = {}

    def begin(self, branch: BranchStart) -> None:
        assert branch.name not in self.rows
        self.starts.append(branch)
        self.rows[branch.name], self.times[branch.name] = [], []

    def write(self, branch: str, row: Row, time: float) -> None:
        self.rows[branch].append(row)
        self.times[branch].append(time)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def curve(self, branch: str, name: str = "loss", group: str = "") -> list[tuple[int, float]]:
        """Return the values of a name, with their steps."""
        return [
            (row.step, row.value)
            for row in self.rows[branch]
            if isinstance(row, Scalar) and (row.name, row.group) == (name, group)
        ]

    def texts(self, branch: str) -> list[tuple[int, str]]:
        """Return the first lines of the texts, with their steps."""
        texts = [row for row in self.rows[branch] if isinstance(row, Text)]
        return [(row.step, row.text.split("\n")[0]) for row in texts]

    def histograms(self, branch: str) -> list[Histogram]:
        return [row for row in self.rows[branch] if isinstance(row, Histogram)]


def followed() -> tuple[Collected, RunFollower]:
    """Return a writer and what feeds it; a second passes between two rows."""
    collected, seconds = Collected(), iter(range(10**9))
    return collected, RunFollower(collected, lambda: float(next(seconds)))


def entry(step: int, command: str, outcome: Any = "applied", why: str = "") -> JournalEntry:
    return JournalEntry(0, step, command, "key", outcome, "so be it", why)


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def steps(curve: Sequence[tuple[int, float]]) -> list[int]:
    return [step for step, _ in curve]
