"""Samples of any kind as rows."""

from __future__ import annotations

from tuitrain.engines.batch_view import BatchView, Reconstructions

from ..heatmaps.heatmap import GlyphSet
from ..rows import Row
from .curves import curve_rows
from .number_table import byte_rows, number_rows
from .pictures import picture_rows
from .points import point_rows
from .token_lines import token_rows


def sample_rows(
    view: BatchView, width: int, height: int, first: int, glyphs: GlyphSet, zoom: int = 0
) -> list[Row]:
    """Draw as many samples as fit, from sample ``first`` on."""
    if not len(view):
        return []
    match view.inputs.kind:
        case "image":
            return picture_rows(view, width, height, first, glyphs, zoom)
        case "curve":
            return curve_rows(view, width, height, first, zoom)
        case "tokens":
            return token_rows(view, width, height, first)
        case "row":
            is_bytes = view.inputs.values.dtype.kind == "u" and not view.inputs.feature_names
            has_outputs = isinstance(view.targets, Reconstructions)
            draw = byte_rows if is_bytes and not has_outputs else number_rows
            points = point_rows(view, width, height)
            return [*points, *draw(view, width, height - len(points), first, glyphs)]
