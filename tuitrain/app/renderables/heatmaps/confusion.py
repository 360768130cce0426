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

_LABEL: Final = 6
_RECALL: Final = 8
_BAR: Final = 10


@dataclass(frozen=True, slots=True)
class ClassConfusion:
    """How often one class is taken for another."""

    label: int
    guess: int
    count: int
    total: int


def worst_confusions(confusion: Array, most: int) -> list[ClassConfusion]:
    """Return the most frequent confusions, the worst first."""
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = (np.unravel_index(each, wrong.shape) for each in order)
    totals = confusion.sum(axis=1)
    return [
        ClassConfusion(int(row), int(column), int(wrong[row, column]), int(totals[row]))
        for row, column in pairs
        if wrong[row, column]
    ]


def overall_accuracy(confusion: Array, unsure: int) -> float:
    """Return the share of samples that are right; NaN if there are none."""
    total = int(confusion.sum()) + unsure
    return float(np.trace(confusion)) / total if total else math.nan


def confusion_rows(
    confusion: Array, unsure: int, width: int, height: int, ink: GlyphSet
) -> list[Row]:
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
        drawn.append(((f"{format_count(unsure)} without a guess: an output is NaN", "bad"),))
        left_over -= 1
    if left_over > 1:
        drawn += _worst(confusion, width, left_over)
    return drawn[:height]


def _matrix(confusion: Array, cell: int, spare: int, ink: GlyphSet) -> list[Row]:
    """Draw a row for each label, with its recall; the columns are guesses."""
    K, totals = len(confusion), confusion.sum(axis=1)
    wide = min(_BAR, spare - 1) if spare > 3 else 0
    most = max(1, int((confusion - np.diag(np.diag(confusion))).max(initial=0)))
    titles = "".join(rjust(str(each), cell) for each in range(K))
    rows: list[Row] = [
        ((ljust("is\\as", _LABEL), "muted"), (titles, "muted"), (rjust("recall", _RECALL), "muted"))
    ]
    for label in range(K):
        spans: list[Span] = [(rjust(str(label), _LABEL - 2) + " │", "muted")]
        for guess in range(K):
            times = int(confusion[label, guess])
            role = _role(times, label == guess, most, ink)
            text = "·" if not times else str(times)
            spans.append((rjust(text, cell), role))
        spans += _recall(int(confusion[label, label]), int(totals[label]), wide)
        rows.append(tuple(spans))
    return rows


def _role(times: int, diagonal: bool, most: int, ink: GlyphSet) -> Role:
    if not times:
        return "faint"
    if diagonal:
        return "good"
    if ink is GlyphSet.LETTERS:
        return "bad" if times > most / 2 else "warning"
    return f"on s{max(1, round(times / most * COLOR_LEVELS * 0.75))}"


def _recall(hits: int, total: int, wide: int) -> list[Span]:
    if not total:
        return [(rjust("—", _RECALL), "muted")]
    share = hits / total
    role: Role = "warning" if share < 0.9 else "text"
    spans: list[Span] = [(rjust(format_percentage(share), _RECALL), role)]
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
        name: Span = (rjust(str(each), _LABEL - 1) + " ", "text")
        rows.append((name, *_recall(int(confusion[each, each]), int(totals[each]), wide)))
    return rows


def _worst(confusion: Array, width: int, height: int) -> list[Row]:
    found = worst_confusions(confusion, max(0, height - 1))
    if not found:
        return [(("no confusions: every sample is right", "good"),)]
    rows: list[Row] = [(("worst confusions", "strong"),)]
    for each in found:
        share = format_percentage(each.count / each.total)
        text = f"{each.label} taken for {each.guess}"
        rows.append(
            (
                (f"✗ {ljust(text, 15)}", "text"),
                (rjust(f"{format_count(each.count)}×", 7), "warning"),
                (ellipsize(f"  {share} of the {each.label}s", width - 24), "muted"),
            )
        )
    return rows
