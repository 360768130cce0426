"""The starting points of a new run, as rows of lists: scenarios and data sets."""

from __future__ import annotations

from typing import Final

from tuitrain.scenario.bundled import BundledScenario

from ..rows import Row, ellipsize, ljust

OTHER_DATA: Final = "other data …"
"""The last item of the list of data: any other data set."""


def scenario_row(scenario: BundledScenario, width: int) -> Row:
    """Return the row of a scenario: its name and its description."""
    name = min(30, width // 2)
    rest = ellipsize(scenario.description, width - name - 1)
    return ((ljust(scenario.name, name) + " ", "strong"), (rest, "muted"))


def scenario_fits(scenario: BundledScenario, pattern: str) -> bool:
    """Whether a scenario contains every word of a search, ignoring case."""
    return _holds(f"{scenario.name} {scenario.description}", pattern)


def data_row(data: str, width: int) -> Row:
    """Return the row of a data set."""
    return ((ljust(data, width), "muted" if data == OTHER_DATA else "strong"),)


def data_fits(data: str, pattern: str) -> bool:
    """Whether a data set matches a search; `OTHER_DATA` always does."""
    return data == OTHER_DATA or _holds(data, pattern)


def _holds(text: str, pattern: str) -> bool:
    return all(word.lower() in text.lower() for word in pattern.split())
