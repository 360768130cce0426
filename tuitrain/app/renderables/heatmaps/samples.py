"""Samples as small pictures with label, guess and confidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tuitrain.engines.inspection import NO_PREDICTION, BatchView

from ..rows import Row, Span, ljust, rjust
from .heatmap import GlyphSet, draw_blocks, draw_unsigned, resample

CAPTION_WIDTH: Final = 9
"""Width of the shortest caption: ``✗ 3→8 97%``."""

MIN_PICTURES: Final = 8
"""Number of visible pictures that has priority over their size."""

GAP: Final = 1


@dataclass(frozen=True, slots=True)
class SampleSheet:
    """The layout of pictures.

    Attributes
    ----------
    picture_width, picture_height : size of a picture in cells, without its caption
    columns, rows : number of pictures
    """

    picture_width: int
    picture_height: int
    columns: int
    rows: int

    @classmethod
    def fit(cls, dimensions: Sequence[int], width: int, height: int, zoom: int = 0) -> SampleSheet:
        """Return the layout with the largest `MIN_PICTURES` pictures, or ``zoom`` sizes larger."""
        sizes = [cls._at(divisor, dimensions, width, height) for divisor in (1, 2, 3, 4, 6, 8, 16)]
        best = next(
            (at for at, sheet in enumerate(sizes) if sheet.columns * sheet.rows >= MIN_PICTURES),
            len(sizes) - 1,
        )
        return sizes[max(0, min(best - zoom, len(sizes) - 1))]

    @classmethod
    def _at(cls, divisor: int, dimensions: Sequence[int], width: int, height: int) -> SampleSheet:
        rows, columns = dimensions
        picture_width = max(1, min(width, math.ceil(columns / divisor)))
        picture_height = max(
            1, math.ceil(math.ceil(rows / divisor) / 2)
        )  # a cell is two pixels high
        column_width = max(picture_width, CAPTION_WIDTH) + GAP
        across = max(1, (width + GAP) // column_width)
        return cls(picture_width, picture_height, across, max(0, height // (picture_height + 1)))


def sheet_rows(
    view: BatchView, width: int, height: int, first: int, glyphs: GlyphSet, zoom: int = 0
) -> list[Row]:
    """Draw as many samples as fit, from sample ``first`` on."""
    if not len(view.labels):
        return []
    if is_tabular(view):
        return strip_rows(view, width, height, first, glyphs)
    sheet = SampleSheet.fit(view.inputs.shape[2:], width, height, zoom)
    shown = range(first, min(len(view.labels), first + sheet.columns * sheet.rows))
    rows: list[Row] = []
    for start in range(0, len(shown), sheet.columns):
        rows += _sheet_row(view, shown[start : start + sheet.columns], sheet, glyphs)
    return rows


def is_tabular(view: BatchView) -> bool:
    """Whether the samples are rows of numbers, which are no pictures."""
    return min(view.inputs.shape[2:]) == 1


def caption(view: BatchView, at: int, width: int) -> Row:
    """Return label, guess and confidence of a sample: ``✓ 3 97%``, ``✗ 3→8 64%``."""
    label, guess, confidence = view.labels[at], view.predictions[at], view.confidence[at]
    percent = f"{confidence:.0%}" if np.isfinite(confidence) else "—"
    if guess == label:
        return ((ljust(f"✓ {label} {percent}", width), "good"),)
    shown_guess = "?" if guess == NO_PREDICTION else guess
    return ((ljust(f"✗ {label}→{shown_guess} {percent}", width), "bad"),)


def batch_title(view: BatchView) -> str:
    """Return which samples these are, and how many are right."""
    right = int(np.count_nonzero(view.labels == view.predictions))
    total = len(view.labels)
    titles = {
        "probe": f"the first {total} of the test set: {right} right",
        "next": f"{total} of the next step's batch: {right} right",
        "mistakes": f"the {total} surest mistakes on the test set",
    }
    return titles[view.request.samples]


def _sheet_row(
    view: BatchView, places: Sequence[int], sheet: SampleSheet, glyphs: GlyphSet
) -> list[Row]:
    room = max(sheet.picture_width, CAPTION_WIDTH)
    pictures = [
        image_rows(view.inputs[at], sheet.picture_height, sheet.picture_width, glyphs)
        for at in places
    ]
    rows: list[Row] = []
    for y in range(sheet.picture_height):
        row: list[Span] = []
        for picture in pictures:
            row += [*picture[y], (" " * (room - sheet.picture_width + GAP), "text")]
        rows.append(tuple(row))
    captions = (span for at in places for span in (*caption(view, at, room), (" " * GAP, "text")))
    return [*rows, tuple(captions)]


def image_rows(image: np.ndarray, high: int, wide: int, glyphs: GlyphSet) -> list[Row]:
    """Draw an image of bytes (C, H, W) into ``wide`` x ``high`` cells, in gray or RGB."""
    tall = high * glyphs.pixels_per_cell
    planes = [_scaled(plane / 255, tall, wide) for plane in image]
    if len(planes) == 3 and glyphs is GlyphSet.BLOCKS:
        digits = [np.rint(plane * 15).astype(int) for plane in planes]
        return draw_blocks(
            np.array(
                [
                    ["c" + "".join(f"{plane[y, x]:x}" for plane in digits) for x in range(wide)]
                    for y in range(tall)
                ],
                object,
            )
        )
    return draw_unsigned(np.mean(planes, axis=0), glyphs)


def _scaled(plane: np.ndarray, tall: int, wide: int) -> np.ndarray:
    """Average a plane down, or repeat its pixels, to exactly ``tall`` x ``wide`` pixels."""
    down = resample(plane, tall, wide)
    rows = np.arange(tall) * down.shape[0] // tall
    columns = np.arange(wide) * down.shape[1] // wide
    return down[np.ix_(rows, columns)]


def strip_rows(view: BatchView, width: int, height: int, first: int, glyphs: GlyphSet) -> list[Row]:
    """Draw samples that are rows of numbers as strips, with their first numbers."""
    flat = view.inputs.reshape(len(view.labels), -1)
    numbers = min(flat.shape[1], max(0, (width - 30) // 8))
    strip = max(4, width - 14 - 4 * numbers)
    rows: list[Row] = []
    for at in range(first, min(len(flat), first + height)):
        values = flat[at] / 255
        pixels = resample(values[None, :].repeat(glyphs.pixels_per_cell, 0), 2, strip)
        (drawn, *_) = draw_unsigned(pixels, glyphs)
        texts = "".join(rjust(str(number), 4) for number in flat[at, :numbers])
        rows.append((*caption(view, at, 13), (" ", "text"), *drawn, (texts, "muted")))
    return rows
