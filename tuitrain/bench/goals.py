"""What the project wants to reach, cell by cell: the table of goals, and how they are judged."""

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
    figure : what is bounded: "ratio": times better than the best other, at least; "seconds": at the
        most; "expected": the ratio, as a share of the expected one, at least
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
    def wanted(self) -> str:
        """What is wanted of its cells, as text."""
        if self.figure == "seconds":
            return f"< {self.bound * 1000:g} ms" if self.bound < 1 else f"< {self.bound:g} s"
        return f"≥ {self.bound:g}"

    def text(self, row: Row) -> str:
        """Write down what is wanted of a row."""
        if self.figure == "expected":
            return f"≥ {self.bound * (row.expected or 0):.2f}"
        return self.wanted

    def met(self, row: Row) -> bool | None:
        """Whether a row reaches it, by its median; None if it was not measured."""
        reached = self.reached(row)
        return None if reached is None else reached >= 1

    def reached(self, row: Row) -> float | None:
        """Return the share of the goal that is reached: 1 and more is enough; None: no value."""
        mine = row.trials.get(row.subject)
        if self.figure == "seconds":
            values = mine.values if mine else ()
            middle = spread(values).median
            return (self.bound / middle if middle else math.inf) if values else None
        compared = ratios(row)
        if not compared:
            return None
        wanted = self.bound * ((row.expected or 1) if self.figure == "expected" else 1)
        return spread(compared).median / wanted


GOALS: Final = (
    Goal("LeNet, B=1", "throughput", r"LeNet, \w+, B=1, .*", "ratio", 6),
    Goal("LeNet, B=32 and more", "throughput", r"LeNet, \w+, B=\d\d+, .*", "ratio", 6),
    Goal("MLP, B=1", "throughput", r"MLP, \w+, B=1, .*", "ratio", 2),
    Goal("MLP, B=32 and more, 1 thread", "throughput", r"MLP, .*B=\d\d+, 1 thread", "ratio", 1.2),
    Goal("MLP, B=32 and more, 2 threads", "throughput", r"MLP, .*B=\d\d+, 2 threads", "ratio", 1.5),
    Goal("ResNet of 16 to 64 channels", "throughput", r"ResNet.*", "ratio", 1.2),
    Goal("Adam alone, 10M and 40M parameters", "optimizer", r"[14]0M .*", "ratio", 1),
    Goal("first step, empty cache", "start", r".*, empty cache", "seconds", 8),
    Goal("first step, warm", "start", r".*, warm", "seconds", 1.2),
    Goal("full screen beside headless, 1 thread", "screen", r".*, 1 thread", "ratio", 0.95),
    Goal("full screen beside headless, 2 threads", "screen", r".*, 2 threads", "ratio", 0.85),
    Goal("key to answer on the screen, p99", "latency", r"key .*, p99", "seconds", 0.1),
    Goal("lateness of the event loop, p99", "lateness", r".*, p99", "seconds", 0.02),
    Goal("freezing, share of what was expected", "freeze", r".*", "expected", 0.9),
)


def goal_of(part: str, cell: str) -> Goal | None:
    """Return the goal of a cell; None if it has none."""
    return next((each for each in GOALS if each.applies(part, cell)), None)


def judged(part: str, row: Row) -> Row:
    """Return a row with its goal, and whether that is met."""
    goal = goal_of(part, row.cell)
    if goal is None:
        return msgspec.structs.replace(row, goal="", met=None)
    return msgspec.structs.replace(row, goal=goal.text(row), met=goal.met(row))


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a goal is reached in a report.

    Attributes
    ----------
    met, measured : cells
    furthest : the row that is furthest from the goal; None if none was measured
    """

    goal: Goal
    met: int
    measured: int
    furthest: Row | None


def standings(report: Report) -> Iterable[Standing]:
    """Say of every goal how far it is reached."""
    for goal in GOALS:
        rows = [
            (reached, place, row)
            for part in report.parts
            for place, row in enumerate(part.rows)
            if goal_of(part.name, row.cell) is goal
            if (reached := goal.reached(row)) is not None
        ]
        met = sum(reached >= 1 for reached, _, _ in rows)
        yield Standing(
            goal, met, len(rows), min(rows, key=lambda each: each[:2])[2] if rows else None
        )
