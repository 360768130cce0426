"""The confusion matrix of the test set, the recall of each class, and the worst confusions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from tuitrain.engines.state import Array

from ..formatting import format_count, format_percentage
from ..rows import Role, Row, Span, bar, ellipsize, ljust, rjust
from .heatmap import COLOR_LEVELS, GlyphSet

_LABEL_WIDTH: Final = 6
_RECALL_WIDTH: Final = 8
_MAX_BAR: Final = 10


@dataclass(frozen=True, slots=True)
class ClassConfusion:
    """How often samples of one class are taken for another.

    Attributes
    ----------
    count : number of samples of class ``label`` with the guess ``guess``
    total : number of samples of class ``label``
    """

    label: int
    guess: int
    count: int
    total: int


def worst_confusions(confusion: Array, limit: int) -> list[ClassConfusion]:
    """Return the most frequent confusions, the most frequent first."""
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:limit]
    pairs = (np.unravel_index(index, wrong.shape) for index in order)
    totals = confusion.sum(axis=1)
    return [
        ClassConfusion(int(row), int(column), int(wrong[row, column]), int(totals[row]))
        for row, column in pairs
        if wrong[row, column]
    ]


def overall_accuracy(confusion: Array, nan_count: int) -> float:
    """Return the share of samples that are right; NaN if there are none."""
    total = int(confusion.sum()) + nan_count
    return float(np.trace(confusion)) / total if total else math.nan


def confusion_rows(
    confusion: Array, nan_count: int, width: int, height: int, glyphs: GlyphSet
) -> list[Row]:
    """Draw the matrix where it has room, the recalls beside it and the worst confusions below."""
    K = len(confusion)
    cell = max(3, len(str(int(confusion.max(initial=0)))) + 1)
    matrix_width = _LABEL_WIDTH + K * cell + _RECALL_WIDTH
    if matrix_width <= width and height >= K + 2:
        rows = _matrix(confusion, cell, width - matrix_width, glyphs)
    else:
        rows = _recalls(confusion, width, max(1, (height - 3) // 2))
    free_rows = height - len(rows)
    if nan_count and free_rows > 1:
        rows.append(((f"{format_count(nan_count)} without a guess: an output is NaN", "bad"),))
        free_rows -= 1
    if free_rows > 1:
        rows += _worst(confusion, width, free_rows)
    return rows[:height]


def _matrix(confusion: Array, cell: int, spare: int, glyphs: GlyphSet) -> list[Row]:
    """Draw a row with its recall for each label; the columns are guesses."""
    K, totals = len(confusion), confusion.sum(axis=1)
    bar_width = min(_MAX_BAR, spare - 1) if spare > 3 else 0
    max_wrong = max(1, int((confusion - np.diag(np.diag(confusion))).max(initial=0)))
    titles = "".join(rjust(str(guess), cell) for guess in range(K))
    rows: list[Row] = [
        (
            (ljust("is\\as", _LABEL_WIDTH), "muted"),
            (titles, "muted"),
            (rjust("recall", _RECALL_WIDTH), "muted"),
        )
    ]
    for label in range(K):
        spans: list[Span] = [(rjust(str(label), _LABEL_WIDTH - 2) + " │", "muted")]
        for guess in range(K):
            times = int(confusion[label, guess])
            role = _role(times, label == guess, max_wrong, glyphs)
            text = "·" if not times else str(times)
            spans.append((rjust(text, cell), role))
        spans += _recall(int(confusion[label, label]), int(totals[label]), bar_width)
        rows.append(tuple(spans))
    return rows


def _role(times: int, is_right: bool, max_wrong: int, glyphs: GlyphSet) -> Role:
    if not times:
        return "faint"
    if is_right:
        return "good"
    if glyphs is GlyphSet.LETTERS:
        return "bad" if times > max_wrong / 2 else "warning"
    return f"on s{max(1, round(times / max_wrong * COLOR_LEVELS * 0.75))}"


def _recall(hits: int, total: int, bar_width: int) -> list[Span]:
    if not total:
        return [(rjust("—", _RECALL_WIDTH), "muted")]
    share = hits / total
    role: Role = "warning" if share < 0.9 else "text"
    spans: list[Span] = [(rjust(format_percentage(share), _RECALL_WIDTH), role)]
    return [*spans, (" " + bar(share, bar_width), "curve")] if bar_width else spans


def _recalls(confusion: Array, width: int, limit: int) -> list[Row]:
    """List the classes with the lowest recall, if the matrix has no room."""
    totals = confusion.sum(axis=1)
    shares = np.where(totals > 0, np.diag(confusion) / np.maximum(totals, 1), np.inf)
    K = len(confusion)
    order = [label for label in np.argsort(shares, kind="stable")[:limit] if totals[label]]
    rows: list[Row] = [((f"lowest recall of {K} classes (no room for the matrix)", "muted"),)]
    bar_width = max(0, min(30, width - _LABEL_WIDTH - _RECALL_WIDTH - 2))
    for label in order:
        name: Span = (rjust(str(label), _LABEL_WIDTH - 1) + " ", "text")
        rows.append((name, *_recall(int(confusion[label, label]), int(totals[label]), bar_width)))
    return rows


def _worst(confusion: Array, width: int, height: int) -> list[Row]:
    confusions = worst_confusions(confusion, max(0, height - 1))
    if not confusions:
        return [(("no confusions: every sample is right", "good"),)]
    rows: list[Row] = [(("worst confusions", "strong"),)]
    for entry in confusions:
        share = format_percentage(entry.count / entry.total)
        text = f"{entry.label} taken for {entry.guess}"
        rows.append(
            (
                (f"✗ {ljust(text, 15)}", "text"),
                (rjust(f"{format_count(entry.count)}×", 7), "warning"),
                (ellipsize(f"  {share} of the {entry.label}s", width - 24), "muted"),
            )
        )
    return rows
