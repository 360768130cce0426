"""The log as rows: step, level, text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tuitrain.run.logs.log_capture import LogLine, LogSnapshot
from tuitrain.user_paths import abbreviated_path

from ..formatting import format_count
from ..rows import Role, Row, ljust, rjust

LOG_LEVELS: Final = ("all", "warning", "error")
"""The filters by level: all lines, or lines of at least this severity."""

_SEVERITY: Final = {"warning": 1, "err": 1, "error": 2, "critical": 2}
_ROLES: Final[dict[int, Role]] = {0: "text", 1: "warning", 2: "bad"}
_LEVEL_WIDTH: Final = 8


def filter_lines(lines: Sequence[LogLine], level: str, pattern: str) -> list[LogLine]:
    """Return the lines of at least a level that contain a string, ignoring case."""
    min_severity = LOG_LEVELS.index(level)
    text = pattern.casefold()
    return [
        line
        for line in lines
        if _SEVERITY.get(line.level, 0) >= min_severity and text in line.text.casefold()
    ]


def log_rows(lines: Sequence[LogLine], width: int) -> list[Row]:
    """Return a row for each line."""
    if not lines:
        return [(("no output", "muted"),)]
    steps = max(6, len(format_count(lines[-1].step)))
    room = width - steps - _LEVEL_WIDTH - 2
    return [
        (
            (rjust(format_count(line.step), steps) + " ", "muted"),
            (ljust(line.level, _LEVEL_WIDTH) + " ", _ROLES[_SEVERITY.get(line.level, 0)]),
            (ljust(line.text.expandtabs(4), room), _ROLES[_SEVERITY.get(line.level, 0)]),
        )
        for line in lines
    ]


def log_summary(log: LogSnapshot, notes: Sequence[str] = ()) -> str:
    """Return the number of lines, how many are kept, notes, and the file of all.

    The file comes last, because its path may be long.
    """
    lines = f"{format_count(log.total)} line{'s' if log.total != 1 else ''}"
    if len(log.lines) < log.total:
        lines = f"the newest {format_count(len(log.lines))} of {lines}"
    where = f"all in {abbreviated_path(log.file)}" if log.file else ""
    file = f"⚠ not written: {log.problem}" if log.problem else where
    return " · ".join(filter(None, (lines, *notes, file)))
