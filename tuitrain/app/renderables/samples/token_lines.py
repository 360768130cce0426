"""Samples that are tokens, as text; with the true and the predicted class of each token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tuitrain.engines.batch_view import BatchView, ClassTargets
from tuitrain.engines.state import Array

from ..rows import Role, Row, Span, ellipsize, ljust, merge_spans
from .captions import caption, caption_width, class_text, shown_text, width_of

_MAX_TOKEN: Final = 14
_LABEL: Final = 10
"""Width of the words before lines of tokens."""


def token_text(vocabulary: Sequence[str], token: int) -> str:
    """Return the text of a token as written; its number, as ``#7`` among texts, if it has none."""
    if 0 <= token < len(vocabulary) and vocabulary[token]:
        return shown_text(vocabulary[token])
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
    if is_spelled:  # as it is read
        texts = [" " if text == "␣" else text for text in texts]
    return ((ellipsize(("" if is_spelled else " ").join(texts), width), "text"),)


def _token_classes(
    view: BatchView, targets: ClassTargets, width: int, height: int, first: int
) -> list[Row]:
    """Draw lines for each sample: its tokens, and below each the true and predicted class.

    A sample that is wider than the panel continues in further lines.
    """
    rows: list[Row] = []
    labels = targets.labels.reshape(len(view), -1)
    guesses = targets.predictions.reshape(len(view), -1)
    limit = width * max(1, height // 3)
    for at in range(first, len(view)):
        if len(rows) + 4 > height:
            break
        true = [class_text(targets.class_names, int(label)) for label in labels[at, :limit]]
        predicted = [class_text(targets.class_names, int(guess)) for guess in guesses[at, :limit]]
        lines = [("input", _texts(view, at, limit)), ("true", true), ("predicted", predicted)]
        has_texts = bool(view.inputs.vocabulary)
        sample: list[Row] = [caption(view, at, width)]
        for part in _parts(lines, width - _LABEL, has_texts):
            sample += _aligned(lines, labels[at] == guesses[at], *part)
        if len(rows) + len(sample) > height:
            sample = _cut(sample, height - len(rows), width)
        rows += sample
    return rows


def _cut(sample: Sequence[Row], height: int, width: int) -> list[Row]:
    """Return the first whole parts of a sample, with a note that more follow."""
    whole = [*sample[: 1 + (height - 1) // 3 * 3]]
    return [(*ellipsized_caption(whole[0], width - 8), (" …", "muted")), *whole[1:]]


def ellipsized_caption(row: Row, width: int) -> Row:
    """Return a caption without the blanks that fill it up."""
    return tuple((text.rstrip()[:width], role) for text, role in row)


def _parts(
    lines: Sequence[tuple[str, Sequence[str]]], width: int, has_texts: bool
) -> list[tuple[int, list[int], str]]:
    """Return the lines' parts that fit into the width: first token, widths, gap between columns.

    Parameters
    ----------
    has_texts : whether the tokens are texts, which need no gaps if each is one character
    """
    columns = [
        max(1, min(width, width_of(texts, _MAX_TOKEN)))
        for texts in zip(*(_padded(texts, lines) for _, texts in lines), strict=True)
    ]
    gap = "" if has_texts and max(columns, default=1) == 1 else " "
    parts: list[tuple[int, list[int], str]] = []
    used = width
    for at, column in enumerate(columns):
        if used + column > width:
            parts.append((at, [], gap))
            used = 0
        parts[-1][1].append(column)
        used += column + len(gap)
    return parts


def _aligned(
    lines: Sequence[tuple[str, Sequence[str]]],
    right: Array,
    first: int,
    columns: Sequence[int],
    gap: str,
) -> list[Row]:
    """Write lines of tokens in columns; wrong ones of the last line stand out.

    Parameters
    ----------
    right : whether each token of the last line is right
    first : the first token
    """
    rows: list[Row] = []
    for name, texts in lines:
        spans: list[Span] = [(ljust(name, _LABEL), "muted")]
        for at, column in enumerate(columns, start=first):
            text = texts[at] if at < len(texts) else ""
            role: Role = "text"
            if name == "predicted" and at < len(right):
                role = "good" if right[at] else "bad"
            spans.append((ljust(text, column) + gap, role))
        rows.append(merge_spans(spans))
    return rows


def _padded(texts: Sequence[str], lines: Sequence[tuple[str, Sequence[str]]]) -> Sequence[str]:
    length = max(len(other) for _, other in lines)
    return [*texts, *[""] * (length - len(texts))]
