"""The line of keys at the bottom: as many as fit, never half of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .rows import Row


@dataclass(frozen=True, slots=True)
class Hint:
    """A key with what it does now; dim where it can only say why it does nothing."""

    key: str
    label: str
    short: str
    action: str = ""
    acts: bool = True


def footer_hints(hints: Sequence[Hint], width: int) -> list[tuple[Hint, Row]]:
    """Return the hints that fit, with full labels where all do, else with short ones.

    Too many even so, and those at the end are left out.
    """
    for labels in ([hint.label for hint in hints], [hint.short for hint in hints]):
        shown = [(hint, _hint(hint, label)) for hint, label in zip(hints, labels, strict=True)]
        if sum(_cells(row) for _, row in shown) <= width:
            return shown
    while shown and sum(_cells(row) for _, row in shown) > width:
        shown.pop()
    return shown


def _hint(hint: Hint, label: str) -> Row:
    return (
        (f" {hint.key}", "key" if hint.acts else "muted"),
        (f" {label} ", "text" if hint.acts else "muted"),
    )


def _cells(row: Row) -> int:
    return sum(len(text) for text, _ in row)
