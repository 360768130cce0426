"""The journal as rows: step, outcome, command, actor, message and reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len

from tuitrain.run.snapshot import JournalEntry, Outcome
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

_ACTOR_WIDTH: Final = 8


def journal_rows(entries: Sequence[JournalEntry], width: int) -> list[Row]:
    """Return a row for each entry, oldest first."""
    if not entries:
        return [(("  no command yet", "muted"),)]
    steps = max(6, *(len(format_count(entry.step)) for entry in entries))
    longest = max(cell_len(visible(entry.command)) for entry in entries)
    actor = _actor_width(entries, width)
    room = width - steps - 3 - actor - 1
    command = min(longest, max(18, room // 2))
    return [_entry(entry, steps, command, actor, room - command - 2) for entry in entries]


def _actor_width(entries: Sequence[JournalEntry], width: int) -> int:
    """Return the width of the actors' column: wider where there is room for ``key@laptop``."""
    longest = max((len(entry.actor) for entry in entries if "@" in entry.actor), default=0)
    return min(max(_ACTOR_WIDTH, longest), max(_ACTOR_WIDTH, width // 6))


def _entry(entry: JournalEntry, steps: int, command: int, actor: int, room: int) -> Row:
    glyph, role = OUTCOMES[entry.outcome]
    is_applied = entry.outcome == "applied"
    message = entry.message if is_applied else f"{entry.outcome}: {entry.message}"
    if entry.why:
        message += f" — {entry.why}"
    return (
        (rjust(format_count(entry.step), steps) + " ", "muted"),
        (f"{glyph} ", role),
        (ljust(entry.command, command), "text"),
        ("  " + ljust(entry.actor, actor) + " ", "muted"),
        (ellipsize(message, room - 1), "muted" if is_applied else role),
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
