"""Samples that are tokens, as text; with the true and the predicted class of each token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tuitrain.engines.batch_view import BatchView, ClassTargets
from tuitrain.engines.state import Array
from tuitrain.text import visible

from ..formatting import format_count
from ..rows import Role, Row, Span, ellipsize, ljust, merge_spans
from .captions import caption, caption_width, class_text, width_of

_MAX_TOKEN: Final = 14
_LABEL: Final = 10
"""Width of the words before lines of tokens."""


def token_text(vocabulary: Sequence[str], token: int) -> str:
    """Return the text of a token as written; its number, as ``#7`` among texts, if it has none."""
    if 0 <= token < len(vocabulary) and vocabulary[token]:
        return visible(vocabulary[token])
    return f"#{token}" if vocabulary else str(token)


def token_rows(view: BatchView, width: int, height: int, first: int) -> list[Row]:
    """Draw as many samples as fit: a line each, or its tokens over their classes."""
    targets = view.targets
    if isinstance(targets, ClassTargets) and targets.labels.ndim > 1:
        return _token_classes(view, targets, width, height, first)
    room = min(caption_width(view), max(4, width // 2))
    return [
        (*caption(view, at, room), (" ", "text"), *_line(_texts(view, at), width - room - 1))
        for at in range(first, min(len(view), first + height))
    ]


def _texts(view: BatchView, at: int) -> list[str]:
    return [token_text(view.inputs.vocabulary, int(token)) for token in view.inputs.values[at]]


def _line(texts: Sequence[str], width: int) -> Row:
    """Join tokens, without gaps if each is one character; cut at the width."""
    gap = "" if all(len(text) < 2 for text in texts) else " "
    joined = gap.join(texts[: width + 1])
    return ((ellipsize(joined, width), "text"),)


def _token_classes(
    view: BatchView, targets: ClassTargets, width: int, height: int, first: int
) -> list[Row]:
    """Draw three lines for each sample: its tokens, and below each the true and predicted class."""
    rows: list[Row] = []
    labels = targets.labels.reshape(len(view), -1)
    guesses = targets.predictions.reshape(len(view), -1)
    for at in range(first, len(view)):
        if len(rows) + 4 > height:
            break
        # More columns than cells cannot be shown.
        true = [class_text(targets.class_names, int(label)) for label in labels[at, :width]]
        predicted = [class_text(targets.class_names, int(guess)) for guess in guesses[at, :width]]
        lines = [("input", _texts(view, at)[:width]), ("true", true), ("predicted", predicted)]
        right = labels[at] == guesses[at]
        rows.append(caption(view, at, width))
        rows += _aligned(lines, right, max(labels.shape[1], view.inputs.values.shape[1]), width)
    return rows


def _aligned(
    lines: Sequence[tuple[str, Sequence[str]]], right: Array, total: int, width: int
) -> list[Row]:
    """Write lines of tokens in columns; wrong ones of the last line stand out."""
    columns = [
        max(1, width_of(texts, _MAX_TOKEN))
        for texts in zip(*(_padded(texts, lines) for _, texts in lines), strict=True)
    ]
    gap = "" if max(columns, default=1) == 1 else " "
    free, shown = width - _LABEL, 0
    for column in columns:
        reserve = 0 if shown + 1 == total else len(_rest(total - shown - 1))
        if column + len(gap) + reserve > free:
            break
        free -= column + len(gap)
        shown += 1
    rows: list[Row] = []
    for name, texts in lines:
        spans: list[Span] = [(ljust(name, _LABEL), "muted")]
        for at in range(shown):
            text = texts[at] if at < len(texts) else ""
            role: Role = "text"
            if name == "predicted" and at < len(right):
                role = "good" if right[at] else "bad"
            spans.append((ljust(text, columns[at]) + gap, role))
        if shown < total and name == lines[0][0]:
            spans.append((_rest(total - shown), "muted"))
        rows.append(merge_spans(spans))
    return rows


def _padded(texts: Sequence[str], lines: Sequence[tuple[str, Sequence[str]]]) -> Sequence[str]:
    length = max(len(other) for _, other in lines)
    return [*texts, *[""] * (length - len(texts))]


def _rest(count: int) -> str:
    return f"… +{format_count(count)}"
