"""The project's performance goals, and how cells are judged by them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from .results import Report, Row, ratios, spread


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound for the cells of a part whose names match.

    Attributes
    ----------
    cells : a regular expression for the whole name of a cell
    figure : the bounded number. "ratio": how many times better than the best other, at least;
        "seconds": at most; "expected": the ratio as a share of the expected one, at least
    """

    title: str
    part: str
    cells: str
    figure: Literal["ratio", "seconds", "expected"]
    bound: float

    def applies(self, part: str, cell: str) -> bool:
        """Whether this is the goal of a cell."""
        return part == self.part and re.fullmatch(self.cells, cell) is not None

    @property
    def target_text(self) -> str:
        """The bound as text."""
        if self.figure == "seconds" and self.bound < 1e-3:
            return f"< {self.bound * 1e6:g} µs"
        if self.figure == "seconds":
            return f"< {self.bound * 1000:g} ms" if self.bound < 1 else f"< {self.bound:g} s"
        return f"≥ {self.bound:g}"

    def target_of(self, row: Row) -> str:
        """Return the bound of a row as text."""
        if self.figure == "expected":
            return f"≥ {self.bound * (row.expected or 0):.2f}"
        return self.target_text

    def is_met(self, row: Row) -> bool | None:
        """Whether the median of a row meets the goal; None if it was not measured."""
        fraction = self.fraction_reached(row)
        return None if fraction is None else fraction >= 1

    def fraction_reached(self, row: Row) -> float | None:
        """Return the fraction of the goal that is reached, 1 if met; None without a value."""
        if self.figure == "seconds":
            trials = row.trials.get(row.subject)
            values = trials.values if trials else ()
            middle = spread(values).median
            return (self.bound / middle if middle else math.inf) if values else None
        row_ratios = ratios(row)
        if not row_ratios:
            return None
        target = self.bound * ((row.expected or 1) if self.figure == "expected" else 1)
        return spread(row_ratios).median / target


GOALS: Final = (
    Goal("LeNet, B=1", "throughput", r"LeNet, \w+, B=1, .*", "ratio", 6),
    Goal("LeNet, B=32 and more", "throughput", r"LeNet, \w+, B=\d\d+, .*", "ratio", 6),
    Goal("MLP, B=1", "throughput", r"MLP, \w+, B=1, .*", "ratio", 2),
    Goal("MLP, B=32 and more, 1 thread", "throughput", r"MLP, .*B=\d\d+, 1 thread", "ratio", 1.2),
    Goal("MLP, B=32 and more, 2 threads", "throughput", r"MLP, .*B=\d\d+, 2 threads", "ratio", 1.5),
    Goal("ResNet of 16 to 64 channels", "throughput", r"ResNet.*", "ratio", 1.3),
    Goal("CNN of 16 to 64 channels", "throughput", r"CNN.*", "ratio", 2.5),
    Goal("LeNet of 24 and 64 channels", "growth", r"LeNet of 24 and 64 .*", "ratio", 1.3),
    Goal("Adam alone, 10M and 40M parameters", "optimizer", r"[14]0M .*", "ratio", 1),
    Goal("first step, empty cache", "start", r".*, empty cache", "seconds", 8),
    Goal("first step, warm", "start", r".*, warm", "seconds", 1.2),
    Goal("full screen beside headless, 1 thread", "screen", r".*, 1 thread", "ratio", 0.95),
    Goal("full screen beside headless, 2 threads", "screen", r".*, 2 threads", "ratio", 0.88),
    Goal("key to answer on the screen, p99", "latency", r"key .*, p99", "seconds", 0.1),
    Goal("lateness of the event loop, p99", "lateness", r".*, p99", "seconds", 0.02),
    Goal("1 viewer beside none, 1 thread", "viewers", r".*1 thread, 1 viewer", "ratio", 0.97),
    Goal("1 viewer beside none, 2 threads", "viewers", r".*2 threads, 1 viewer", "ratio", 0.9),
    Goal("10 viewers beside none", "viewers", r".*, 10 viewers", "ratio", 0.85),
    Goal("ctl, round trip, p99", "viewers", r"ctl.*, p99", "seconds", 0.05),
    Goal("watch in PyTorch, shortest step", "torch", r"the shortest step, .*", "seconds", 20e-6),
    Goal("watch in PyTorch, 0.5 % of 10 ms", "torch", r".*10 ms, no viewer", "seconds", 50e-6),
    Goal("watch in PyTorch, 2 % of 10 ms", "torch", r".*10 ms, 1 viewer", "seconds", 200e-6),
    Goal("memory of watch in PyTorch", "torch", r".* memory", "ratio", 0.9),
    Goal("freezing, share of what was expected", "freeze", r".* frozen", "expected", 0.95),
    Goal("LeNet, frozen convolutions cached", "freeze", r"LeNet.* 2 of.*cached", "ratio", 4),
    Goal("ResNet-8, frozen body cached", "freeze", r"ResNet.*cached", "ratio", 20),
)


def find_goal(part: str, cell: str) -> Goal | None:
    """Return the goal of a cell; None if it has none."""
    return next((goal for goal in GOALS if goal.applies(part, cell)), None)


def with_goal(part: str, row: Row) -> Row:
    """Return a row with its goal and whether it is met."""
    goal = find_goal(part, row.cell)
    if goal is None:
        return msgspec.structs.replace(row, goal="", met=None)
    return msgspec.structs.replace(row, goal=goal.target_of(row), met=goal.is_met(row))


@dataclass(frozen=True, slots=True)
class GoalResult:
    """How a report meets a goal.

    Attributes
    ----------
    met, measured : number of cells
    furthest : the row that is furthest from the goal; None if none was measured
    """

    goal: Goal
    met: int
    measured: int
    furthest: Row | None


def goal_results(report: Report) -> Iterable[GoalResult]:
    """Judge a report by every goal."""
    for goal in GOALS:
        rows = [
            (fraction, place, row)
            for part in report.parts
            for place, row in enumerate(part.rows)
            if find_goal(part.name, row.cell) is goal
            if (fraction := goal.fraction_reached(row)) is not None
        ]
        met = sum(fraction >= 1 for fraction, _, _ in rows)
        furthest = min(rows, key=lambda entry: entry[:2])[2] if rows else None
        yield GoalResult(goal, met, len(rows), furthest)
