"""Emitters that pad images: the zero border of the input, and the dilated output gradient."""

from __future__ import annotations

from ..ir.block_copy import copy_floats, copy_rows, fill_gaps, fill_zeros
from ..ir.builder import Builder, Int, Value
from ..ir.loops import for_each_sample
from .geometry import Geometry


def pad(k: Builder, g: Geometry) -> None:
    """Copy samples into a border of zeros. Arguments: x, xp, first, last."""
    x, xp, first, last = k.arguments
    py, px = g.padding
    row, border = g.W * g.C, 2 * px * g.C
    ends = (py * g.PW + px) * g.C  # border before the first row, and after the last row

    def sample(n: Int) -> None:
        source = k.at(x, k.mul(n, g.H * row))
        target = k.at(xp, k.mul(n, g.PH * g.PW * g.C))
        fill_zeros(k, target, ends)
        copy_rows(k, source, k.at(target, ends), g.H, row, row, row + border)
        fill_gaps(k, k.at(target, ends + row), g.H - 1, border, row + border)
        fill_zeros(k, k.at(target, g.PH * g.PW * g.C - ends), ends)

    for_each_sample(k, first, last, sample)


def crop(k: Builder, g: Geometry, image: Value, x: Value) -> None:
    """Copy an image without its border to x."""
    py, px = g.padding
    row = g.W * g.C
    copy_rows(k, k.at(image, (py * g.PW + px) * g.C), x, g.H, row, g.PW * g.C, row)


def dilate(k: Builder, g: Geometry, lines: bool) -> None:
    """Write the output gradient with its pixels `stride` apart, and zeros between and around them.

    Row oy of D is row oy · stride + KH - 1 - padding of Ds, and likewise for columns. Rows outside
    of Ds are dropped: they depend on the padding only, on no pixel of the input.

    lines: write only the rows that hold a row of D, and leave the rows of zeros unwritten.
    Arguments: D, Ds, first, last.
    """
    d, ds, first, last = k.arguments
    rows, columns = g.dilated_rows, g.dilated_columns
    line = g.DW * g.O

    def sample(n: Int) -> None:
        source = k.at(
            d, k.mul(n, g.OH * g.OW * g.O), (rows.first_source * g.OW + columns.first_source) * g.O
        )
        target = k.at(ds, k.mul(n, g.DH * line))
        if not lines:
            fill_zeros(k, target, g.DH * line)

        def row(y: Value, _: list[Value]) -> None:
            source_row = k.at(source, k.mul(y, g.OW * g.O))
            target_row = k.at(target, k.mul(k.add(k.mul(y, rows.step), rows.first_target), line))
            if lines:
                fill_zeros(k, target_row, line)
            corner = k.at(target_row, columns.first_target * g.O)
            if columns.step == 1:
                copy_floats(k, source_row, corner, columns.count * g.O)
            else:
                copy_rows(k, source_row, corner, columns.count, g.O, g.O, columns.step * g.O)

        k.loop(rows.count, row)

    for_each_sample(k, first, last, sample)
