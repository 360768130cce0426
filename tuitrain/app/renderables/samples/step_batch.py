"""The batch of a step of a script's loop: its images with their classes, and what it holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from rich.cells import cell_len

from tuitrain.engines.batch_view import BatchEntry, BatchPictures, StepBatchView
from tuitrain.text import visible

from ..formatting import format_count, format_number, format_shape
from ..heatmaps.heatmap import GlyphSet
from ..rows import Row, ellipsize, ljust, rjust, row_width
from .captions import class_text, value_range
from .pictures import image_rows
from .sheet import CAPTION_WIDTH, SampleSheet

_WIDE: Final = 100
"""The width from which on an entry is one row."""

_MAX_CAPTION: Final = 28
_MAX_PATH: Final = 26
_NUMBER: Final = 10


def step_batch_title(view: StepBatchView) -> str:
    """Return which batch this is, and how many of the shown predictions are right."""
    what = "given to the network in" if view.is_input else "batch of"
    title = f"{what} step {format_count(view.batch_step)}"
    if view.samples:
        title += f": {format_count(view.samples)} sample{'s' if view.samples > 1 else ''}"
    pictures = view.pictures
    if pictures is None or pictures.labels is None or pictures.predictions is None:
        return title
    right = int(np.count_nonzero(pictures.labels == pictures.predictions))
    return f"{title}, {right} of the {len(pictures.labels)} shown right"


def step_picture_rows(
    pictures: BatchPictures, width: int, height: int, first: int, glyphs: GlyphSet, zoom: int = 0
) -> list[Row]:
    """Draw as many images as fit, from image ``first`` on, each over its class.

    With a prediction ``✓ 3 97%`` or ``✗ 3→8 64%``; the class alone without one.
    """
    values = pictures.values
    limits = (0.0, 255.0) if values.dtype == np.uint8 else value_range(values)
    captions = [_caption(pictures, at) for at in range(len(values))]
    room = max(CAPTION_WIDTH, min(_MAX_CAPTION, *map(row_width, captions)))
    tall, wide = values.shape[2:]
    sheet = SampleSheet.fit((tall, wide), width, height, zoom, room)
    high, across = sheet.picture_height, sheet.picture_width

    def caption(at: int, room: int) -> Row:
        ((text, role),) = captions[at]
        return ((ljust(text, room), role),)

    return sheet.draw(
        len(values),
        first,
        lambda at: image_rows(values[at], high, across, glyphs, limits),
        caption,
    )


def _caption(pictures: BatchPictures, at: int) -> Row:
    if pictures.labels is None:
        return (("", "muted"),)
    label, names = int(pictures.labels[at]), pictures.class_names
    name = class_text(names, label)
    if pictures.predictions is None or pictures.confidence is None:
        return ((name, "text"),)
    guess, sure = int(pictures.predictions[at]), float(pictures.confidence[at])
    percent = f"{sure:.0%}" if math.isfinite(sure) else "—"
    if guess == label:
        return ((f"✓ {name} {percent}", "good"),)
    return ((f"✗ {name}→{class_text(names, guess)} {percent}", "bad"),)


def entry_rows(view: StepBatchView, width: int, height: int, first: int) -> list[Row]:
    """List what a batch holds, from entry ``first`` on: one row for each, or two if it is narrow.

    Name, type, shape, the smallest value, the mean, the largest, and the first values.
    """
    entries = view.entries[first:]
    if not view.entries:
        return [(("the batch is empty", "muted"),)]
    is_wide = width >= _WIDE
    names = [visible(entry.path) for entry in view.entries] + ["value"] * is_wide
    room = min(_MAX_PATH, max(map(cell_len, names))) + 2
    rows: list[Row] = []
    if is_wide:
        shape = max(len(_shape(entry)) for entry in view.entries) + 2
        titles = "".join(rjust(text, _NUMBER) for text in ("min", "mean", "max"))
        heading = f"{ljust('value', room)}{ljust('type', 11)}{ljust('shape', shape)}{titles}  first"
        rows.append(((ljust(heading, width), "muted"),))
        rows += [_one_row(entry, room, shape, width) for entry in entries]
    else:
        for entry in entries:
            rows += _two_rows(entry, room, width)
    if view.left_out:
        rows.append(((f"… and {format_count(view.left_out)} more", "muted"),))
    return rows[:height]


def _one_row(entry: BatchEntry, room: int, shape: int, width: int) -> Row:
    numbers = "".join(rjust(_number(entry, value), _NUMBER) for value in _range(entry))
    start: Row = (
        (ljust(_cut(visible(entry.path), room - 2), room), "strong"),
        (ljust(entry.kind, 11), "muted"),
        (ljust(_shape(entry), shape), "text"),
        (numbers, "text"),
        ("  ", "text"),
    )
    return (*start, *_first(entry, width - row_width(start)))


def _two_rows(entry: BatchEntry, room: int, width: int) -> list[Row]:
    start: Row = (
        (ljust(_cut(visible(entry.path), room - 2), room), "strong"),
        (f"{entry.kind} ", "muted"),
        (_shape(entry), "text"),
    )
    if math.isnan(entry.low):
        below: Row = ()
    else:
        texts = (_number(entry, value) for value in _range(entry))
        words = zip(("min", "mean", "max"), texts, strict=True)
        below = tuple(
            span for word, text in words for span in ((f"{word} ", "muted"), (f"{text}  ", "text"))
        )
    indent: Row = (("  ", "text"), *below)
    return [start, (*indent, *_first(entry, width - row_width(indent)))]


def _first(entry: BatchEntry, width: int) -> Sequence[tuple[str, str]]:
    """Return the first values, after the number of those that are not finite."""
    bad = f"{format_count(entry.non_finite)} not finite  " if entry.non_finite else ""
    first = ellipsize(visible(entry.first), max(0, width - len(bad)))
    return ((bad[: max(0, width)], "bad"), (first, "muted"))


def _range(entry: BatchEntry) -> tuple[float, float, float]:
    return entry.low, entry.mean, entry.high


def _number(entry: BatchEntry, value: float) -> str:
    """Write a number of an entry; whole ones as such, and after ``≈`` where it is estimated."""
    if math.isnan(value):
        return ""
    is_whole = "int" in entry.kind and value.is_integer() and abs(value) < 1e7
    text = str(int(value)) if is_whole else format_number(value)
    return f"≈{text}" if entry.is_sampled else text


def _shape(entry: BatchEntry) -> str:
    is_tensor = entry.shape or not math.isnan(entry.low)
    return format_shape(entry.shape) if is_tensor else ""


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else "…" + text[-(width - 1) :]
