"""Samples that are curves, in braille; a reconstruction beside its curve."""

from __future__ import annotations

from typing import Final

import numpy as np

from tuitrain.engines.batch_view import BatchView, Reconstructions
from tuitrain.engines.state import Array
from tuitrain.run.snapshot import Series

from ..charts.braille import bin_columns, blank_canvas, draw_curve, to_text
from ..rows import Role, Row, merge_spans
from .captions import caption, caption_width, value_range
from .sheet import ARROW, SampleSheet, side_by_side

_SIZES: Final = ((90, 12), (56, 9), (40, 6), (32, 5), (24, 4), (16, 3), (10, 2))
"""Width and height of a curve in cells."""

_MIN_SAMPLES: Final = 6
"""Number of visible samples that has priority over their size."""

_ROLES: Final[tuple[Role, ...]] = ("curve", "curve-2", "good", "warning")


def curve_rows(view: BatchView, width: int, height: int, first: int, zoom: int = 0) -> list[Row]:
    """Draw as many samples as fit, from sample ``first`` on, all on one scale."""
    values, targets = view.inputs.values, view.targets
    outputs = targets.outputs if isinstance(targets, Reconstructions) else None
    limits = value_range(values)
    sizes = _SIZES if outputs is None else [(2 * wide + ARROW, high) for wide, high in _SIZES]
    sheet = SampleSheet.of_sizes(sizes, width, height, zoom, caption_width(view), _MIN_SAMPLES)
    one = sheet.picture_width if outputs is None else max(1, (sheet.picture_width - ARROW) // 2)

    def picture(at: int) -> list[Row]:
        rows = plot_curves(values[at], one, sheet.picture_height, limits)
        if outputs is None:
            return rows
        output = plot_curves(outputs[at], one, sheet.picture_height, limits)
        return side_by_side(rows, output, sheet.picture_width)

    return sheet.draw(len(view), first, picture, lambda at, room: caption(view, at, room))


def plot_curves(curves: Array, width: int, height: int, limits: tuple[float, float]) -> list[Row]:
    """Draw curves (C, T) over one another; what is outside the limits is at the edge.

    NaN and infinity leave a gap.
    """
    bottom, top = limits if limits[0] < limits[1] else (limits[0] - 0.5, limits[0] + 0.5)
    layers = [blank_canvas(width, height) for _ in _ROLES]
    steps = np.arange(curves.shape[1], dtype=np.int64)
    for place, curve in enumerate(curves):
        inside = np.where(np.isfinite(curve), np.clip(curve, bottom, top), np.nan)
        low, _, high = bin_columns(
            Series(steps, inside.astype(np.float64)), 0, len(steps) - 1, width * 2
        )
        draw_curve(layers[place % len(_ROLES)], low, high, bottom, top)
    return merge_layers(layers, _ROLES)


def merge_layers(layers: list[Array], roles: tuple[Role, ...]) -> list[Row]:
    """Draw canvases over one another; a cell has the role of the first canvas with a dot in it."""
    texts = to_text(np.logical_or.reduce(layers))
    owners = [to_text(layer) for layer in layers]
    return [
        merge_spans(
            (
                character,
                next(
                    (role for role, owner in zip(roles, owners, strict=True) if owner[y][x] != " "),
                    "text",
                ),
            )
            for x, character in enumerate(text)
        )
        for y, text in enumerate(texts)
    ]
