"""The log as rows: at which step, how grave, what was said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tuitrain.run.logs.log_capture import LogLine, LogSnapshot

from ..formatting import format_count
from ..rows import Role, Row, ljust, rjust

LOG_LEVELS: Final = ("all", "warning", "error")
"""What can be shown alone: everything, or what is at least so grave."""

_GRAVE: Final = {"warning": 1, "err": 1, "error": 2, "critical": 2}
_ROLES: Final[dict[int, Role]] = {0: "text", 1: "warning", 2: "bad"}
_LEVEL: Final = 8


def filter_lines(lines: Sequence[LogLine], level: str, pattern: str) -> list[LogLine]:
    """Return the lines that are at least as grave, and hold a text in any case of letters."""
    least = LOG_LEVELS.index(level)
    wanted = pattern.casefold()
    return [
        line
        for line in lines
        if _GRAVE.get(line.level, 0) >= least and wanted in line.text.casefold()
    ]


def log_rows(lines: Sequence[LogLine], width: int) -> list[Row]:
    """Return a row for every line."""
    if not lines:
        return [(("nothing was said", "muted"),)]
    steps = max(6, len(format_count(lines[-1].step)))
    room = width - steps - _LEVEL - 2
    return [
        (
            (rjust(format_count(line.step), steps) + " ", "muted"),
            (ljust(line.level, _LEVEL) + " ", _ROLES[_GRAVE.get(line.level, 0)]),
            (ljust(line.text.expandtabs(4), room), _ROLES[_GRAVE.get(line.level, 0)]),
        )
        for line in lines
    ]


def log_summary(said: LogSnapshot) -> str:
    """Say how much of it is kept, and where the rest is."""
    lines = f"{format_count(said.total)} line{'s' if said.total != 1 else ''}"
    if len(said.lines) < said.total:
        lines = f"the newest {format_count(len(said.lines))} of {lines}"
    where = f" · all in {said.file}" if said.file else ""
    return lines + (f" · ⚠ not written: {said.problem}" if said.problem else where)
