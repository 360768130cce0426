"""Samples that are images, in gray or RGB; a reconstruction beside its image."""

from __future__ import annotations

import numpy as np

from tuitrain.engines.batch_view import BatchView, Reconstructions
from tuitrain.engines.state import Array

from ..heatmaps.heatmap import GlyphSet, draw_blocks, draw_unsigned, resample
from ..rows import Row
from .captions import caption, caption_width, value_range
from .sheet import ARROW, SampleSheet, picture_sizes, side_by_side

_BYTE_RANGE = (0.0, 255.0)


def picture_rows(
    view: BatchView, width: int, height: int, first: int, glyphs: GlyphSet, zoom: int = 0
) -> list[Row]:
    """Draw as many pictures as fit, from sample ``first`` on."""
    values, targets = view.inputs.values, view.targets
    tall, wide = values.shape[2:]
    outputs = targets.outputs if isinstance(targets, Reconstructions) else None
    limits = _BYTE_RANGE if values.dtype == np.uint8 else value_range(values)
    captions = caption_width(view)
    if outputs is None:
        sheet = SampleSheet.fit((tall, wide), width, height, zoom, captions)
        one = sheet.picture_width
    else:
        sizes = [(2 * across + ARROW, down) for across, down in picture_sizes((tall, wide))]
        sheet = SampleSheet.of_sizes(sizes, width, height, zoom, captions)
        one = max(1, (sheet.picture_width - ARROW) // 2)

    def picture(at: int) -> list[Row]:
        rows = image_rows(values[at], sheet.picture_height, one, glyphs, limits)
        if outputs is None:
            return rows
        output = image_rows(outputs[at], sheet.picture_height, one, glyphs, limits)
        return side_by_side(rows, output, sheet.picture_width)

    return sheet.draw(len(view), first, picture, lambda at, room: caption(view, at, room))


def image_rows(
    image: Array,
    high: int,
    wide: int,
    glyphs: GlyphSet,
    limits: tuple[float, float] = _BYTE_RANGE,
) -> list[Row]:
    """Draw an image (C, H, W) into ``wide`` x ``high`` cells, in gray or RGB.

    Parameters
    ----------
    limits : the values drawn as black and white; values outside are clipped
    """
    low, high_limit = limits
    tall = high * glyphs.pixels_per_cell
    span = high_limit - low or 1.0
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = (image - low) / span
    scaled = np.where(np.isnan(scaled), np.nan, np.clip(scaled, 0, 1))
    planes = [_scaled(plane, tall, wide) for plane in scaled]
    if len(planes) == 3 and glyphs is GlyphSet.BLOCKS and np.isfinite(planes).all():
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


def _scaled(plane: Array, tall: int, wide: int) -> Array:
    """Average a plane down, or repeat its pixels, to exactly ``tall`` x ``wide`` pixels."""
    down = resample(plane, tall, wide)
    rows = np.arange(tall) * down.shape[0] // tall
    columns = np.arange(wide) * down.shape[1] // wide
    return down[np.ix_(rows, columns)]
