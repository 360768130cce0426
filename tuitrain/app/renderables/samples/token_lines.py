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
        (*caption(view, at, room), (" ", "text"), *_line(view, at, width - room - 1))
        for at in range(first, min(len(view), first + height))
    ]


def _texts(view: BatchView, at: int, limit: int) -> list[str]:
    """Return the first tokens of a sample; more than there are cells cannot be shown."""
    tokens = view.inputs.values[at, :limit]
    return [token_text(view.inputs.vocabulary, int(token)) for token in tokens]


def _line(view: BatchView, at: int, width: int) -> Row:
    """Join the tokens of a sample, without gaps if each is one character; cut at the width."""
    texts = _texts(view, at, width + 1)
    is_spelled = view.inputs.vocabulary and all(len(text) < 2 for text in texts)
    return ((ellipsize(("" if is_spelled else " ").join(texts), width), "text"),)


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
        true = [class_text(targets.class_names, int(label)) for label in labels[at, :width]]
        predicted = [class_text(targets.class_names, int(guess)) for guess in guesses[at, :width]]
        lines = [("input", _texts(view, at, width)), ("true", true), ("predicted", predicted)]
        total = max(labels.shape[1], view.inputs.values.shape[1])
        columns, gap = _columns(lines, total, width - _LABEL, bool(view.inputs.vocabulary))
        rest = _rest(total - len(columns)) if len(columns) < total else ""
        rows.append(caption(view, at, width))
        rows += _aligned(lines, labels[at] == guesses[at], columns, gap, rest)
    return rows


def _columns(
    lines: Sequence[tuple[str, Sequence[str]]], total: int, width: int, has_texts: bool
) -> tuple[list[int], str]:
    """Return the widths of the columns that fit, and the gap between them.

    Parameters
    ----------
    total : the number of tokens
    has_texts : whether the tokens are texts, which need no gaps if each is one character
    """
    columns = [
        max(1, width_of(texts, _MAX_TOKEN))
        for texts in zip(*(_padded(texts, lines) for _, texts in lines), strict=True)
    ]
    gap = "" if has_texts and max(columns, default=1) == 1 else " "
    used = 0
    for at, column in enumerate(columns):
        used += column + len(gap)
        reserve = len(_rest(total - at - 1)) if at + 1 < total else 0
        if used + reserve > width:
            return columns[:at], gap
    return columns, gap


def _aligned(
    lines: Sequence[tuple[str, Sequence[str]]],
    right: Array,
    columns: Sequence[int],
    gap: str,
    rest: str,
) -> list[Row]:
    """Write lines of tokens in columns; wrong ones of the last line stand out.

    Parameters
    ----------
    right : whether each token of the last line is right
    rest : a note at the end of the first line
    """
    rows: list[Row] = []
    for name, texts in lines:
        spans: list[Span] = [(ljust(name, _LABEL), "muted")]
        for at, column in enumerate(columns):
            text = texts[at] if at < len(texts) else ""
            role: Role = "text"
            if name == "predicted" and at < len(right):
                role = "good" if right[at] else "bad"
            spans.append((ljust(text, column) + gap, role))
        rows.append(merge_spans([*spans, (rest if name == "input" else "", "muted")]))
    return rows


def _padded(texts: Sequence[str], lines: Sequence[tuple[str, Sequence[str]]]) -> Sequence[str]:
    length = max(len(other) for _, other in lines)
    return [*texts, *[""] * (length - len(texts))]


def _rest(count: int) -> str:
    return f"… +{format_count(count)}"
