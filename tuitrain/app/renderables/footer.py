"""The line of keys at the bottom: as many whole hints as fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .rows import Row


@dataclass(frozen=True, slots=True)
class Hint:
    """A key with its present effect.

    Attributes
    ----------
    short : the label if there is little room
    action : the action of a click
    enabled : whether the key does anything now; if not, it is dim
    drop_order : hints with a higher number are left out first
    """

    key: str
    label: str
    short: str
    action: str = ""
    enabled: bool = True
    drop_order: int = 0


def fit_hints(hints: Sequence[Hint], width: int) -> list[tuple[Hint, Row]]:
    """Return the hints that fit, with full labels if all of them fit, otherwise with short labels.

    Disabled hints are left out first, then the highest ``drop_order``, of equals the last.
    """
    for labels in ([hint.label for hint in hints], [hint.short for hint in hints]):
        shown = [(hint, _hint(hint, label)) for hint, label in zip(hints, labels, strict=True)]
        if sum(_cells(row) for _, row in shown) <= width:
            return shown
    while shown and sum(_cells(row) for _, row in shown) > width:
        del shown[max(range(len(shown)), key=lambda place: _drop_key(shown[place][0], place))]
    return shown


def _drop_key(hint: Hint, place: int) -> tuple[bool, int, int]:
    return not hint.enabled, hint.drop_order, place


def _hint(hint: Hint, label: str) -> Row:
    return (
        (f" {hint.key}", "key" if hint.enabled else "muted"),
        (f" {label} ", "text" if hint.enabled else "muted"),
    )


def _cells(row: Row) -> int:
    return sum(len(text) for text, _ in row)
