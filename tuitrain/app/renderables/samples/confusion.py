"""The confusion matrix of the test set, the recall of each class, and the worst confusions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from tuitrain.engines.batch_view import Confusions
from tuitrain.engines.state import Array

from ..formatting import format_count, format_percentage
from ..heatmaps.heatmap import COLOR_LEVELS, GlyphSet
from ..rows import Role, Row, Span, bar, ellipsize, ljust, rjust
from .captions import class_text, width_of

_LABEL_WIDTH: Final = 6
_RECALL_WIDTH: Final = 8
_MAX_BAR: Final = 10
_MAX_NAME: Final = 16
_PAIR_WIDTH: Final = 15


def overall_accuracy(confusions: Confusions) -> float:
    """Return the share of samples that are right; NaN if there are none."""
    total = int(confusions.totals.sum()) + confusions.nan_count
    return float(confusions.hits.sum()) / total if total else math.nan


def confusion_rows(
    confusions: Confusions, width: int, height: int, glyphs: GlyphSet, names: Sequence[str] = ()
) -> list[Row]:
    """Draw the matrix where it has room, the recalls beside it and the worst confusions below.

    Parameters
    ----------
    names : of the classes; may be empty, or fewer than the classes
    """
    labels = _Labels(confusions, names, width)
    K, matrix = len(confusions.totals), confusions.matrix
    largest = 0 if matrix is None else int(matrix.max(initial=0))
    cell = max(3, len(str(largest)) + 1)
    matrix_width = labels.width + K * cell + _RECALL_WIDTH
    if matrix is not None and matrix_width <= width and height >= K + 2:
        rows = _matrix(matrix, labels, cell, width - matrix_width, glyphs)
    else:
        rows = _recalls(confusions, labels, width, max(1, (height - 3) // 2))
    free_rows = height - len(rows)
    if confusions.nan_count and free_rows > 1:
        count = format_count(confusions.nan_count)
        rows.append(((f"{count} without a prediction: an output is NaN", "bad"),))
        free_rows -= 1
    if free_rows > 1:
        rows += _worst(confusions, labels, width, free_rows)
    return rows[:height]


class _Labels:
    """The texts of classes: their numbers, with their names where there are any.

    Attributes
    ----------
    width : of the text before a row, with its margin
    """

    def __init__(self, confusions: Confusions, names: Sequence[str], width: int) -> None:
        self._names = names
        classes = len(confusions.totals)
        self._digits = max(len(str(classes - 1)), 1)
        self._name_width = min(
            width_of([*names[:classes]], _MAX_NAME), max(0, width // 4 - self._digits)
        )
        named = self._digits + 1 + self._name_width + 2 if self._name_width else 0
        self.width = max(_LABEL_WIDTH, named)

    def before(self, label: int) -> str:
        """Return the text in front of a row, without its margin."""
        if not self._name_width:
            return rjust(str(label), self.width - 2)
        name = self._names[label] if label < len(self._names) else ""
        return f"{rjust(str(label), self._digits)} {ljust(name, self.width - self._digits - 3)}"

    def plural(self, label: int) -> str:
        """Return the noun for samples of a class."""
        return self.name(label) if self._names else f"the {label}s"

    def name(self, label: int) -> str:
        """Return the name of a class, or its number."""
        return class_text(self._names, label)


def _matrix(
    confusion: Array, labels: _Labels, cell: int, spare: int, glyphs: GlyphSet
) -> list[Row]:
    """Draw a row with its recall for each label; the columns are guesses."""
    K, totals = len(confusion), confusion.sum(axis=1)
    bar_width = min(_MAX_BAR, spare - 1) if spare > 3 else 0
    max_wrong = max(1, int((confusion - np.diag(np.diag(confusion))).max(initial=0)))
    titles = "".join(rjust(str(guess), cell) for guess in range(K))
    rows: list[Row] = [
        (
            (ljust("is\\as", labels.width), "muted"),
            (titles, "muted"),
            (rjust("recall", _RECALL_WIDTH), "muted"),
        )
    ]
    for label in range(K):
        spans: list[Span] = [(labels.before(label) + " │", "muted")]
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


def _recalls(confusions: Confusions, labels: _Labels, width: int, limit: int) -> list[Row]:
    """List the classes with the lowest recall, if the matrix has no room."""
    totals, hits = confusions.totals, confusions.hits
    shares = np.where(totals > 0, hits / np.maximum(totals, 1), np.inf)
    order = [label for label in np.argsort(shares, kind="stable")[:limit] if totals[label]]
    title = f"lowest recall of {format_count(len(totals))} classes (no room for the matrix)"
    rows: list[Row] = [((ellipsize(title, width), "muted"),)]
    bar_width = max(0, min(30, width - labels.width - _RECALL_WIDTH - 2))
    for label in order:
        name: Span = (labels.before(int(label)) + "  ", "text")
        rows.append((name, *_recall(int(hits[label]), int(totals[label]), bar_width)))
    return rows


def _worst(confusions: Confusions, labels: _Labels, width: int, height: int) -> list[Row]:
    pairs = confusions.pairs[: max(0, height - 1)]
    if not pairs:
        if not confusions.totals.sum():
            return []
        return [(("no confusions: every sample is right", "good"),)]
    rows: list[Row] = [(("worst confusions", "strong"),)]
    texts = [f"{labels.name(pair.label)} taken for {labels.name(pair.guess)}" for pair in pairs]
    is_wide = width_of(texts, width) <= width - 30
    tail = 30 if is_wide else 18  # with or without the name of the class
    room = max(_PAIR_WIDTH, width_of(texts, max(_PAIR_WIDTH, width - tail)))
    for pair, text in zip(pairs, texts, strict=True):
        share = format_percentage(pair.count / pair.total)
        rows.append(
            (
                (f"✗ {ljust(text, room)}", "text"),
                (rjust(f"{format_count(pair.count)}×", 7), "warning"),
                (
                    ellipsize(
                        f"  {share}" + f" of {labels.plural(pair.label)}" * is_wide,
                        width - room - 9,
                    ),
                    "muted",
                ),
            )
        )
    return rows
