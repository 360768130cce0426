"""One parameter: statistics, histogram and first values of its value and its gradient."""

from __future__ import annotations

import numpy as np

from tuitrain.run.snapshot import ArrayStatistics, ParameterView

from ..formatting import format_compact, format_count, format_number
from ..rows import Role, Row, Span, ljust, rjust
from .bars import histogram_bars

_NO_GRADIENT = "no gradient"


def parameter_rows(view: ParameterView, width: int, height: int) -> list[Row]:
    """Draw value and gradient side by side, or in a line each if there is little room."""
    return _lines(view, width) if height < 6 else _columns(view, width, height)


def format_values(values: tuple[float, ...], width: int) -> str:
    """Write as many values as fit, in NumPy's format with four decimals; tiny ones as powers."""
    is_tiny = 0 < np.abs(np.nan_to_num(values)).max(initial=0.0) < 1e-3
    for number in range(min(len(values), max(1, width // 6)), 0, -1):
        text = np.array2string(
            np.array(values[:number]),
            precision=2 if is_tiny else 4,
            suppress_small=not is_tiny,
            max_line_width=10_000,
        )
        if number < len(values):
            text = text[:-1] + " …]"
        if len(text) <= width:
            return text
    return ""


def _columns(view: ParameterView, width: int, height: int) -> list[Row]:
    half = (width - 2) // 2
    bar_rows = max(1, min(4, height - 5))
    value = _block("value", view.value, half, bar_rows, "curve")
    if view.grad is None:
        grad = _absent(view, half, len(value))
    else:
        grad = _block("gradient", view.grad, half, bar_rows, "curve-2")
    rows: list[Row] = [
        (*left, ("  ", "text"), *right) for left, right in zip(value, grad, strict=True)
    ]
    if height >= 7:
        rows.append(
            (("value ", "muted"), (format_values(view.value.first_values, width - 6), "text"))
        )
    if height >= 8 and view.grad is not None:
        rows.append(
            (("grad  ", "muted"), (format_values(view.grad.first_values, width - 6), "text"))
        )
    return rows


def _block(title: str, view: ArrayStatistics, width: int, bar_rows: int, role: Role) -> list[Row]:
    """Return the title, two rows of statistics and the histogram, each ``width`` cells wide."""
    bad: Role = "bad" if view.non_finite else "muted"
    finite = f"{format_compact(view.non_finite)} non-finite" if view.non_finite else "all finite"
    norm = f"norm {format_number(view.norm)}"
    room = width - 9 - len(finite)
    head = (
        (ljust(title, 9), "strong"),
        (rjust(norm, room - 1) + " " if len(norm) < room else " " * room, "text"),
        (finite, bad),
    )
    cell = width // 2
    drawn = histogram_bars(view.counts, width, bar_rows)
    return [
        head,
        _pair(("mean", view.mean), ("std", view.std), cell, width),
        _pair(("min", view.low), ("max", view.high), cell, width),
        *(((ljust(line, width), role),) for line in drawn),
    ]


def _pair(first: tuple[str, float], second: tuple[str, float], cell: int, width: int) -> Row:
    spans: list[Span] = []
    for name, value in (first, second):
        spans += [(ljust(name, 5), "muted"), (rjust(format_number(value), 8), "text")]
        spans.append((" " * (cell - 13), "text"))
    used = sum(len(text) for text, _ in spans)
    return (*spans, (" " * (width - used), "text"))


def _absent(view: ParameterView, width: int, height: int) -> list[Row]:
    reason = f"{_NO_GRADIENT} (frozen)" if view.frozen_since is not None else _NO_GRADIENT
    since = (
        f"❄ since step {format_count(view.frozen_since)}" if view.frozen_since is not None else ""
    )
    rows: list[Row] = [((ljust("gradient", width), "strong"),)]
    rows += [((ljust(reason, width), "frozen"),), ((ljust(since, width), "muted"),)]
    return rows + [((" " * width, "text"),)] * (height - len(rows))


def _lines(view: ParameterView, width: int) -> list[Row]:
    rows = [_line("value", view.value, width, "curve")]
    if view.grad is None:
        reason = " (frozen)" if view.frozen_since is not None else ""
        rows.append(((ljust("grad", 6), "strong"), (_NO_GRADIENT + reason, "frozen")))
    else:
        rows.append(_line("grad", view.grad, width, "curve-2"))
    rows.append((("first ", "muted"), (format_values(view.value.first_values, width - 6), "text")))
    return rows


def _line(title: str, view: ArrayStatistics, width: int, role: Role) -> Row:
    spans: list[Span] = [(ljust(title, 6), "strong")]
    parts = (("mean", view.mean), ("std", view.std), ("norm", view.norm))
    for name, number in parts:
        spans += [(f"{name} ", "muted"), (ljust(format_number(number), 8) + " ", "text")]
    if view.non_finite:
        spans.append((f"{format_count(view.non_finite)} non-finite ", "bad"))
    room = width - sum(len(text) for text, _ in spans)
    spans.append((histogram_bars(view.counts, room)[0] if room >= 8 else "", role))
    return tuple(spans)
