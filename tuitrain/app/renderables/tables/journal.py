"""The journal as rows: step, outcome, command, actor, message and reason; then what waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len

from tuitrain.run.snapshot import JournalEntry, Outcome, ScheduledCommand
from tuitrain.text import visible

from ..formatting import format_count
from ..rows import Role, Row, ellipsize, ljust, rjust

OUTCOMES: Final[dict[Outcome, tuple[str, Role]]] = {
    "applied": ("✓", "good"),
    "unchanged": ("∅", "warning"),
    "refused": ("✗", "bad"),
    "met": ("✓", "good"),
    "not met": ("✗", "bad"),
}

WAITING: Final = "◷"
"""Marks commands that wait for their steps."""

_ACTOR_WIDTH: Final = 8


MAX_WAITING_ROWS: Final = 4
"""Maximum number of commands that wait for their steps and have a row each: the next ones."""


def journal_rows(
    entries: Sequence[JournalEntry], width: int, scheduled: Sequence[ScheduledCommand] = ()
) -> list[Row]:
    """Return a row for each entry, oldest first, and for the next commands that wait.

    Parameters
    ----------
    scheduled : the commands that wait for their steps, by step
    """
    waiting, more = scheduled[:MAX_WAITING_ROWS], len(scheduled) - MAX_WAITING_ROWS
    every = [*entries, *waiting]
    if not every:
        return [(("  no command yet", "muted"),)]
    steps = max(6, *(len(format_count(entry.step)) for entry in every))
    longest = max(cell_len(visible(entry.command)) for entry in every)
    actor = _actor_width(every, width)
    room = width - steps - 3 - actor - 1
    command = min(longest, max(18, room // 2))
    rows = [_entry(entry, steps, command, actor, room - command - 2) for entry in every]
    if more > 0:
        rows.append((((steps + 1) * " " + f"{WAITING} {format_count(more)} more wait", "muted"),))
    return rows


def _actor_width(entries: Sequence[JournalEntry | ScheduledCommand], width: int) -> int:
    """Return the width of the actors' column: wider where there is room for ``key@laptop``."""
    longest = max((len(entry.actor) for entry in entries if "@" in entry.actor), default=0)
    return min(max(_ACTOR_WIDTH, longest), max(_ACTOR_WIDTH, width // 6))


def _entry(
    entry: JournalEntry | ScheduledCommand, steps: int, command: int, actor: int, room: int
) -> Row:
    if isinstance(entry, ScheduledCommand):
        glyph, role, is_plain = WAITING, "warning", True
        message = "waits"
    else:
        glyph, role = OUTCOMES[entry.outcome]
        is_plain = entry.outcome == "applied"
        message = entry.message if is_plain else f"{entry.outcome}: {entry.message}"
    if entry.why:
        message += f" — {entry.why}"
    return (
        (rjust(format_count(entry.step), steps) + " ", "muted"),
        (f"{glyph} ", role),
        (ljust(entry.command, command), "text"),
        ("  " + ljust(entry.actor, actor) + " ", "muted"),
        (ellipsize(message, room - 1), "muted" if is_plain else role),
    )


def reply_row(entry: JournalEntry) -> Row:
    """Return the reply to a command, for the status line."""
    glyph, role = OUTCOMES[entry.outcome]
    at = f"{entry.outcome} at step {format_count(entry.step)}"
    return (
        (f"{glyph} ", role),
        (entry.command, "strong"),
        ("  ", "text"),
        (at, role),
        (f"  {entry.message}" if entry.message else "", "text"),
    )
