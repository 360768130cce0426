"""Samples that are rows of numbers, as a table: caption, numbers, and a strip of all numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from rich.cells import cell_len, set_cell_size

from tuitrain.engines.batch_view import BatchView, NumberTargets, Reconstructions
from tuitrain.engines.sample_inputs import MAX_ROW
from tuitrain.engines.state import Array
from tuitrain.text import visible

from ..formatting import format_count
from ..heatmaps.heatmap import GlyphSet, draw_unsigned, resample
from ..rows import Role, Row, Span, ellipsize, ljust, rjust
from .captions import aligned_format, caption, caption_width

_ERROR: Final = 9
_MIN_NAME: Final = 6
"""Minimum number of letters of a name."""

_MAX_COLUMN: Final = 22
_MIN_STRIP: Final = 12


def byte_rows(view: BatchView, width: int, height: int, first: int, glyphs: GlyphSet) -> list[Row]:
    """Draw rows of bytes as strips, with their first numbers."""
    flat = view.inputs.values
    room = max(13, caption_width(view))
    numbers = min(flat.shape[1], max(0, (width - room - 17) // 8))
    strip = max(4, width - room - 1 - 4 * numbers)
    rows: list[Row] = []
    for at in range(first, min(len(flat), first + height)):
        texts = "".join(rjust(str(number), 4) for number in flat[at, :numbers])
        drawn = _strip(flat[at] / 255, strip, glyphs)
        rows.append((*caption(view, at, room), (" ", "text"), *drawn, (texts, "muted")))
    return rows


def number_rows(
    view: BatchView, width: int, height: int, first: int, glyphs: GlyphSet
) -> list[Row]:
    """Draw a table of numbers, with the names of the features in its first row.

    Where the numbers of a sample do not fit, a strip shows all of them, each on its own scale over
    the samples. The numbers of a reconstruction are below those of its input.
    """
    table = _Table.fit(view, width)
    outputs = view.targets.outputs if isinstance(view.targets, Reconstructions) else None
    lines = 1 if outputs is None else 2
    rows = [table.header(view, width)]
    for at in range(first, min(len(view), first + max(1, (height - 1) // lines))):
        numbers = table.line(view.inputs.values[at], glyphs)
        rows.append((*table.caption_spans(view, at), *numbers))
        if outputs is not None:
            note: Span = (rjust("output", table.caption), "muted")
            rows.append((note, *table.line(outputs[at], glyphs)))
    return rows[:height]


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """The layout of a table.

    Attributes
    ----------
    caption, error, strip : widths in cells; 0 for a part that is left out
    columns : the widths of the columns
    formats : write the numbers of each column
    low, span : of each number over the samples
    strip_low, strip_span : of each cell of the strip over the samples
    """

    caption: int
    error: int
    columns: tuple[int, ...]
    formats: tuple[Callable[[float], str], ...]
    strip: int
    low: Array
    span: Array
    strip_low: Array
    strip_span: Array

    @classmethod
    def fit(cls, view: BatchView, width: int) -> _Table:
        """Return a layout in which errors and numbers have priority over the strip."""
        values = view.inputs.values
        size = values.shape[1]
        caption_room = min(width, max(caption_width(view), len(_heading(view))))
        free = max(0, width - caption_room)
        has_error = isinstance(view.targets, NumberTargets) and size <= MAX_ROW
        error = _ERROR if has_error and free >= 3 * _ERROR else 0
        free -= error
        formats = tuple(aligned_format(values[:, at]) for at in range(min(size, free)))
        widths = _column_widths(view, formats, free)
        strip, count = 0, len(widths)
        if sum(widths) > free or count < size:
            rest = _MIN_STRIP + 1 if size > MAX_ROW else len(_rest(size))
            count = _fitting(widths, free - rest)
            strip = max(0, free - sum(widths[:count]) - 1) if size > MAX_ROW else 0
        spare = free - sum(widths[:count]) - (0 if count == size else len(_rest(size)))
        columns = _widened(view, widths[:count], 0 if strip else spare)
        low, span = _ranges(values)
        cells = resample((values - low) / span, len(values), max(1, strip))
        return cls(caption_room, error, columns, formats, strip, low, span, *_ranges(cells))

    def header(self, view: BatchView, width: int) -> Row:
        """Return the names of the features."""
        size = view.inputs.values.shape[1]
        texts = "".join(
            rjust(_cut(_name(view, at), column - 1), column)
            for at, column in enumerate(self.columns)
        )
        strip = ljust(f" all {format_count(size)}", self.strip + 1) if self.strip else ""
        left_out = size - len(self.columns)
        rest = _rest(left_out) if not strip and left_out else ""
        error = rjust("error", self.error) if self.error else ""
        heading = ljust(_heading(view), self.caption)
        return ((ellipsize(heading + error + texts + strip + rest, width), "muted"),)

    def caption_spans(self, view: BatchView, at: int) -> list[Span]:
        """Return the caption of a sample, and its error where there is room."""
        spans = [*caption(view, at, self.caption)]
        if self.error and isinstance(view.targets, NumberTargets):
            error = float(view.targets.errors[at])
            write = aligned_format(view.targets.errors)
            role: Role = "text" if np.isfinite(error) else "bad"
            spans.append((rjust(write(error), self.error), role))
        return spans

    def line(self, numbers: Array, glyphs: GlyphSet) -> list[Span]:
        """Return the numbers of a sample."""
        spans: list[Span] = []
        for at, (column, write) in enumerate(zip(self.columns, self.formats, strict=False)):
            number = float(numbers[at])
            role: Role = "muted" if np.isfinite(number) else "bad"
            spans.append((rjust(write(number), column), role))
        if self.strip:
            with np.errstate(invalid="ignore", over="ignore"):
                shares = (numbers - self.low) / self.span
                cells = resample(shares[None], 1, self.strip)[0]
                # Means of many numbers differ little: each cell has its own scale.
                cells = np.clip((cells - self.strip_low) / self.strip_span, 0, 1)
            spans += [(" ", "text"), *_strip(cells, self.strip, glyphs)]
        return spans


def _column_widths(
    view: BatchView, formats: Sequence[Callable[[float], str]], width: int
) -> list[int]:
    """Return the minimum widths of columns: their numbers, and the first letters of their names."""
    outputs = view.targets.outputs if isinstance(view.targets, Reconstructions) else None
    widths: list[int] = []
    for at, write in enumerate(formats):
        numbers = [*map(write, view.inputs.values[:, at].tolist())]
        if outputs is not None:
            numbers += map(write, outputs.reshape(len(outputs), -1)[:, at].tolist())
        name = min(cell_len(visible(_name(view, at))), _MIN_NAME)
        widths.append(max(name, *map(len, numbers)) + 2)
        if sum(widths) > width:
            break
    return widths


def _fitting(widths: Sequence[int], room: int) -> int:
    """Return how many columns fit."""
    used = 0
    for count, width in enumerate(widths):
        used += width
        if used > room:
            return count
    return len(widths)


def _widened(view: BatchView, widths: Sequence[int], spare: int) -> tuple[int, ...]:
    """Give the spare width to columns whose names are cut, a cell each in turn."""
    wide = [*widths]
    names = [min(_MAX_COLUMN, cell_len(visible(_name(view, at))) + 2) for at in range(len(wide))]
    while spare > 0 and (cut := [at for at, name in enumerate(names) if wide[at] < name]):
        for at in cut[:spare]:
            wide[at] += 1
        spare -= min(spare, len(cut))
    return tuple(wide)


def _name(view: BatchView, at: int) -> str:
    names = view.inputs.feature_names
    return names[at] if at < len(names) else str(at)


def _ranges(values: Array) -> tuple[Array, Array]:
    """Return the smallest value of each number over the samples, and its range."""
    low = values.min(axis=0).astype(np.float64)
    span = values.max(axis=0) - low
    return low, np.where(span > 0, span, 1)


def _cut(name: str, width: int) -> str:
    """Cut a name at a letter: the names of features often begin with the same word."""
    name = visible(name)
    return name if cell_len(name) <= width else set_cell_size(name, width - 1).rstrip() + "…"


def _rest(count: int) -> str:
    """Return a note of the numbers that are left out."""
    return f" … +{format_count(count)}"


def _heading(view: BatchView) -> str:
    """Return the meaning of the captions; "" if they need none."""
    return "true→predicted" if isinstance(view.targets, NumberTargets) else ""


def _strip(shares: Array, width: int, glyphs: GlyphSet) -> Row:
    """Draw numbers from 0 to 1 in one row of cells."""
    pixels = resample(shares[None, :].repeat(glyphs.pixels_per_cell, 0), 2, width, grow=width)
    (drawn, *_) = draw_unsigned(pixels, glyphs)
    return drawn
