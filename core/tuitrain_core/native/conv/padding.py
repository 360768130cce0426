"""Emitters that pad images: the zero border of the input, and the spread gradient."""

from __future__ import annotations

from ..ir.block_copy import copy_floats, copy_rows, fill_gaps, fill_zeros
from ..ir.builder import Builder, Int, Value
from ..ir.loops import for_each_sample
from .geometry import Geometry


def pad(k: Builder, g: Geometry) -> None:
    """Arguments x, xp, first, last: copy samples into the middle of a border of zeros."""
    x, xp, first, last = k.arguments
    py, px = g.padding
    row, border = g.W * g.C, 2 * px * g.C
    ends = (py * g.PW + px) * g.C  # above the first row with its left border; below the last

    def sample(n: Int) -> None:
        source = k.at(x, k.mul(n, g.H * row))
        target = k.at(xp, k.mul(n, g.PH * g.PW * g.C))
        fill_zeros(k, target, ends)
        copy_rows(k, source, k.at(target, ends), g.H, row, row, row + border)
        fill_gaps(k, k.at(target, ends + row), g.H - 1, border, row + border)
        fill_zeros(k, k.at(target, g.PH * g.PW * g.C - ends), ends)

    for_each_sample(k, first, last, sample)


def crop(k: Builder, g: Geometry, image: Value, x: Value) -> None:
    """Copy the middle of an image with its border, at one address, to another."""
    py, px = g.padding
    row = g.W * g.C
    copy_rows(k, k.at(image, (py * g.PW + px) * g.C), x, g.H, row, g.PW * g.C, row)


def dilate(k: Builder, g: Geometry, lines: bool) -> None:
    """Arguments D, Ds, first, last: the output gradient, `stride` apart, zeros between and around.

    Row oy of D lies at row oy · stride + KH - 1 - padding of Ds; what lies outside is left away,
    for no pixel of the input but only its padding saw it. Columns alike.

    lines: write the rows alone in which a row of D lies; those of zeros are left as they are.
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
            from_row = k.at(source, k.mul(y, g.OW * g.O))
            to_row = k.at(target, k.mul(k.add(k.mul(y, rows.step), rows.first_target), line))
            if lines:
                fill_zeros(k, to_row, line)
            corner = k.at(to_row, columns.first_target * g.O)
            if columns.step == 1:
                copy_floats(k, from_row, corner, columns.count * g.O)
            else:
                copy_rows(k, from_row, corner, columns.count, g.O, g.O, columns.step * g.O)

        k.loop(rows.count, row)

    for_each_sample(k, first, last, sample)
