"""The confusion matrix of the test set, the recall of each class, and the worst confusions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from tuitrain.engines.state import Array

from ..formatting import count, percentage
from ..rows import Role, Row, Span, bar, left, right, shortened
from .heatmap import LEVELS, Ink

_LABEL: Final = 6
_RECALL: Final = 8
_BAR: Final = 10


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often one class is taken for another."""

    label: int
    guess: int
    times: int
    of: int


def worst(confusion: Array, most: int) -> list[Confusion]:
    """Return the most frequent confusions, the worst first."""
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = (np.unravel_index(each, wrong.shape) for each in order)
    totals = confusion.sum(axis=1)
    return [
        Confusion(int(row), int(column), int(wrong[row, column]), int(totals[row]))
        for row, column in pairs
        if wrong[row, column]
    ]


def accuracy_of(confusion: Array, unsure: int) -> float:
    """Return the share of samples that are right; NaN if there are none."""
    total = int(confusion.sum()) + unsure
    return float(np.trace(confusion)) / total if total else math.nan


def confusion_rows(confusion: Array, unsure: int, width: int, height: int, ink: Ink) -> list[Row]:
    """Draw the matrix where it has room, the recalls beside it and the worst confusions below."""
    K = len(confusion)
    cell = max(3, len(str(int(confusion.max(initial=0)))) + 1)
    least = _LABEL + K * cell + _RECALL
    drawn: list[Row] = []
    if least <= width and height >= K + 2:
        drawn = _matrix(confusion, cell, width - least, ink)
    else:
        drawn = _recalls(confusion, width, max(1, (height - 3) // 2))
    left_over = height - len(drawn)
    if unsure and left_over > 1:
        drawn.append(((f"{count(unsure)} without a guess: an output is NaN", "bad"),))
        left_over -= 1
    if left_over > 1:
        drawn += _worst(confusion, width, left_over)
    return drawn[:height]


def _matrix(confusion: Array, cell: int, spare: int, ink: Ink) -> list[Row]:
    """Draw a row for each label, with its recall; the columns are guesses."""
    K, totals = len(confusion), confusion.sum(axis=1)
    wide = min(_BAR, spare - 1) if spare > 3 else 0
    most = max(1, int((confusion - np.diag(np.diag(confusion))).max(initial=0)))
    titles = "".join(right(str(each), cell) for each in range(K))
    rows: list[Row] = [
        ((left("is\\as", _LABEL), "muted"), (titles, "muted"), (right("recall", _RECALL), "muted"))
    ]
    for label in range(K):
        spans: list[Span] = [(right(str(label), _LABEL - 2) + " │", "muted")]
        for guess in range(K):
            times = int(confusion[label, guess])
            role = _role(times, label == guess, most, ink)
            text = "·" if not times else str(times)
            spans.append((right(text, cell), role))
        spans += _recall(int(confusion[label, label]), int(totals[label]), wide)
        rows.append(tuple(spans))
    return rows


def _role(times: int, diagonal: bool, most: int, ink: Ink) -> Role:
    if not times:
        return "faint"
    if diagonal:
        return "good"
    if ink is Ink.LETTERS:
        return "bad" if times > most / 2 else "warning"
    return f"on s{max(1, round(times / most * LEVELS * 0.75))}"


def _recall(hits: int, total: int, wide: int) -> list[Span]:
    if not total:
        return [(right("—", _RECALL), "muted")]
    share = hits / total
    role: Role = "warning" if share < 0.9 else "text"
    spans: list[Span] = [(right(percentage(share), _RECALL), role)]
    return [*spans, (" " + bar(share, wide), "curve")] if wide else spans


def _recalls(confusion: Array, width: int, most: int) -> list[Row]:
    """List the classes with the lowest recall, where the matrix has no room."""
    totals = confusion.sum(axis=1)
    shares = np.where(totals > 0, np.diag(confusion) / np.maximum(totals, 1), np.inf)
    K = len(confusion)
    order = [each for each in np.argsort(shares, kind="stable")[:most] if totals[each]]
    rows: list[Row] = [((f"lowest recall of {K} classes (no room for the matrix)", "muted"),)]
    wide = max(0, min(30, width - _LABEL - _RECALL - 2))
    for each in order:
        name: Span = (right(str(each), _LABEL - 1) + " ", "text")
        rows.append((name, *_recall(int(confusion[each, each]), int(totals[each]), wide)))
    return rows


def _worst(confusion: Array, width: int, height: int) -> list[Row]:
    found = worst(confusion, max(0, height - 1))
    if not found:
        return [(("no confusions: every sample is right", "good"),)]
    rows: list[Row] = [(("worst confusions", "strong"),)]
    for each in found:
        share = percentage(each.times / each.of)
        text = f"{each.label} taken for {each.guess}"
        rows.append(
            (
                (f"✗ {left(text, 15)}", "text"),
                (right(f"{count(each.times)}×", 7), "warning"),
                (shortened(f"  {share} of the {each.label}s", width - 24), "muted"),
            )
        )
    return rows
