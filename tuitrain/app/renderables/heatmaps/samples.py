"""Samples as small pictures, each with its label, the guess and how sure the network is of it."""

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
"""Cells of the shortest caption: ``✗ 3→8 97%``."""

MIN_PICTURES: Final = 8
"""So many pictures there shall be at once before they are drawn larger."""

GAP: Final = 1


@dataclass(frozen=True, slots=True)
class SampleSheet:
    """How pictures are laid out: ``wide`` x ``high`` cells each, without the caption under them."""

    picture_width: int
    picture_height: int
    columns: int
    rows: int

    @classmethod
    def fit(cls, dimensions: Sequence[int], width: int, height: int, zoom: int = 0) -> SampleSheet:
        """Return the sheet with the largest pictures that are enough; ``zoom`` sizes larger."""
        sizes = [cls._at(divisor, dimensions, width, height) for divisor in (1, 2, 3, 4, 6, 8, 16)]
        best = next(
            (at for at, each in enumerate(sizes) if each.columns * each.rows >= MIN_PICTURES),
            len(sizes) - 1,
        )
        return sizes[max(0, min(best - zoom, len(sizes) - 1))]

    @classmethod
    def _at(cls, divisor: int, dimensions: Sequence[int], width: int, height: int) -> SampleSheet:
        rows, columns = dimensions
        wide = max(1, min(width, math.ceil(columns / divisor)))
        high = max(1, math.ceil(math.ceil(rows / divisor) / 2))  # a cell is two pixels high
        room = max(wide, CAPTION_WIDTH) + GAP
        return cls(wide, high, max(1, (width + GAP) // room), max(0, height // (high + 1)))


def sheet_rows(
    view: BatchView, width: int, height: int, first: int, ink: GlyphSet, zoom: int = 0
) -> list[Row]:
    """Draw as many samples as there is room for, from sample ``first`` on."""
    if not len(view.labels):
        return []
    if is_tabular(view):
        return strip_rows(view, width, height, first, ink)
    sheet = SampleSheet.fit(view.inputs.shape[2:], width, height, zoom)
    shown = range(first, min(len(view.labels), first + sheet.columns * sheet.rows))
    rows: list[Row] = []
    for start in range(0, len(shown), sheet.columns):
        rows += _line(view, shown[start : start + sheet.columns], sheet, ink)
    return rows


def is_tabular(view: BatchView) -> bool:
    """Whether the samples are rows of numbers, which make no picture."""
    return min(view.inputs.shape[2:]) == 1


def caption(view: BatchView, at: int, width: int) -> Row:
    """Say what a sample is, what it is taken for, and how surely: ``✓ 3 97%``, ``✗ 3→8 64%``."""
    label, guess, sure = view.labels[at], view.predictions[at], view.confidence[at]
    percent = f"{sure:.0%}" if np.isfinite(sure) else "—"
    if guess == label:
        return ((ljust(f"✓ {label} {percent}", width), "good"),)
    taken = "?" if guess == NO_PREDICTION else guess
    return ((ljust(f"✗ {label}→{taken} {percent}", width), "bad"),)


def batch_title(view: BatchView) -> str:
    """Say in a few words which samples these are, and how many are right."""
    right_ones = int(np.count_nonzero(view.labels == view.predictions))
    total = len(view.labels)
    which = {
        "probe": f"the first {total} of the test set: {right_ones} right",
        "next": f"{total} of the next step's batch: {right_ones} right",
        "mistakes": f"the {total} surest mistakes on the test set",
    }
    return which[view.request.samples]


def _line(view: BatchView, places: Sequence[int], sheet: SampleSheet, ink: GlyphSet) -> list[Row]:
    room = max(sheet.picture_width, CAPTION_WIDTH)
    pictures = [
        image_rows(view.inputs[at], sheet.picture_height, sheet.picture_width, ink) for at in places
    ]
    rows: list[Row] = []
    for y in range(sheet.picture_height):
        row: list[Span] = []
        for each in pictures:
            row += [*each[y], (" " * (room - sheet.picture_width + GAP), "text")]
        rows.append(tuple(row))
    captions = (span for at in places for span in (*caption(view, at, room), (" " * GAP, "text")))
    return [*rows, tuple(captions)]


def image_rows(image: np.ndarray, high: int, wide: int, ink: GlyphSet) -> list[Row]:
    """Draw an image (C, H, W) of bytes into so many cells: in grey, or in its colours."""
    tall = high * ink.pixels_per_cell
    planes = [_scaled(plane / 255, tall, wide) for plane in image]
    if len(planes) == 3 and ink is GlyphSet.BLOCKS:
        digits = [np.rint(plane * 15).astype(int) for plane in planes]
        return draw_blocks(
            np.array(
                [
                    ["c" + "".join(f"{each[y, x]:x}" for each in digits) for x in range(wide)]
                    for y in range(tall)
                ],
                object,
            )
        )
    return draw_unsigned(np.mean(planes, axis=0), ink)


def _scaled(plane: np.ndarray, tall: int, wide: int) -> np.ndarray:
    """Average a plane down, or repeat its pixels, to exactly so many."""
    down = resample(plane, tall, wide)
    rows = np.arange(tall) * down.shape[0] // tall
    columns = np.arange(wide) * down.shape[1] // wide
    return down[np.ix_(rows, columns)]


def strip_rows(view: BatchView, width: int, height: int, first: int, ink: GlyphSet) -> list[Row]:
    """Draw samples that are rows of numbers: a strip each, with the first of them written."""
    flat = view.inputs.reshape(len(view.labels), -1)
    numbers = min(flat.shape[1], max(0, (width - 30) // 8))
    strip = max(4, width - 14 - 4 * numbers)
    rows: list[Row] = []
    for at in range(first, min(len(flat), first + height)):
        values = flat[at] / 255
        (drawn, *_) = draw_unsigned(
            resample(values[None, :].repeat(ink.pixels_per_cell, 0), 2, strip), ink
        )
        written = "".join(rjust(str(each), 4) for each in flat[at, :numbers])
        rows.append((*caption(view, at, 13), (" ", "text"), *drawn, (written, "muted")))
    return rows
