"""Make the font of PNG charts from DejaVu Sans Mono.

    pip install fonttools
    python scripts/make_chart_font.py DejaVuSansMono.ttf tuitrain/app/export/fonts/charts.ttf

A PNG must not depend on the fonts of a machine, and DejaVu Sans Mono has no braille. This script
draws the braille dots, in a grid that continues from cell to cell, and stretches the box-drawing
characters so that they meet, for cells twice as high as wide. It keeps the other characters that
charts need (`tuitrain/app/export/png.py`).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

FAMILY = "tuitrain charts"
COPYRIGHT = (
    "Copyright (c) 2003 by Bitstream, Inc. All Rights Reserved. Bitstream Vera is a trademark of "
    "Bitstream, Inc. DejaVu changes are in public domain. Changed for tuitrain, see LICENSE.md."
)
KEPT_RANGES = [(0x20, 0x7E), (0xA0, 0x17F), (0x370, 0x45F), (0x2010, 0x2044), (0x2070, 0x209C)]
KEPT_RANGES += [(0x2190, 0x21FF), (0x2500, 0x25FF)]
SIGNS = "∿∂∅∆∇∈∏∑−∓√∞∩∪∫≈≠≡≤≥⊓⊞⌫☼★⚠✂✓✗❄"
BOXES = range(0x2500, 0x25A0)
BRAILLE = range(0x2800, 0x2900)

WIDTH = 1233
TOP, BOTTOM = WIDTH * 3 // 2, WIDTH * 3 // 2 - 2 * WIDTH
"""Top and bottom of a cell relative to the baseline, in units of 1/2048 em."""

DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of the dot of each bit of a braille character, the lowest bit first."""

RADIUS = 230
"""Radius of a dot: dots in a line touch, and single dots can be distinguished."""


def main() -> None:
    """Make the font of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="DejaVuSansMono.ttf, version 2.37")
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    font = TTFont(arguments.source, recalcTimestamp=False)
    stretch_boxes(font)
    add_braille(font)
    remove_unused(font)
    rename(font)
    font.save(arguments.target)


def stretch_boxes(font: TTFont) -> None:
    """Stretch lines and blocks to the height of a cell, so that they meet those above and below."""
    glyphs, names = font["glyf"], font.getBestCmap()
    full = glyphs[names[0x2588]]
    scale = (TOP - BOTTOM) / (full.yMax - full.yMin)
    for code in BOXES:
        glyph = glyphs[names[code]] if code in names else None
        if glyph is None or glyph.isComposite() or not glyph.numberOfContours:
            continue
        glyph.removeHinting()
        glyph.coordinates.translate((0, -full.yMin))
        glyph.coordinates.scale((1, scale))
        glyph.coordinates.translate((0, BOTTOM))
        glyph.coordinates.toInt()
        glyph.recalcBounds(glyphs)


def add_braille(font: TTFont) -> None:
    """Draw the 256 braille patterns; map the mark of a schedule, ∿, to the tilde."""
    _name(font, ord("∿"), "asciitilde")
    order = font.getGlyphOrder()
    for code in BRAILLE:
        name, pen = f"uni{code:04X}", TTGlyphPen(None)
        for bit, (column, row) in enumerate(DOTS):
            if code >> bit & 1:
                y = TOP - (row + 0.5) * (TOP - BOTTOM) / 4
                _dot(pen, (column + 0.5) * WIDTH / 2, y)
        glyph = pen.glyph()
        font["glyf"][name] = glyph
        glyph.recalcBounds(font["glyf"])
        font["hmtx"][name] = (WIDTH, glyph.xMin if code & 0xFF else 0)
        _name(font, code, name)
    font.setGlyphOrder(list(dict.fromkeys([*order, *(f"uni{code:04X}" for code in BRAILLE)])))


def _name(font: TTFont, code: int, glyph: str) -> None:
    for table in font["cmap"].tables:
        if table.isUnicode():
            table.cmap[code] = glyph


def _dot(pen: TTGlyphPen, x: float, y: float) -> None:
    corners = [(x - RADIUS, y + RADIUS), (x + RADIUS, y + RADIUS)]
    corners += [(x + RADIUS, y - RADIUS), (x - RADIUS, y - RADIUS)]
    pen.qCurveTo(*((round(a), round(b)) for a, b in corners), None)
    pen.closePath()


def remove_unused(font: TTFont) -> None:
    """Remove hints, ligatures, and characters that no chart has."""
    options = Options(hinting=False, layout_features=[], name_IDs=[], notdef_outline=True)
    options.drop_tables += ["FFTM", "kern", "GDEF", "GSUB", "GPOS"]
    subsetter = Subsetter(options)
    codes = {code for first, last in KEPT_RANGES for code in range(first, last + 1)}
    subsetter.populate(unicodes=codes | {*map(ord, SIGNS), *BRAILLE})
    subsetter.subset(font)


def rename(font: TTFont) -> None:
    """Give the font its own name, as the license requires."""
    names = font["name"]
    names.names = []
    plain = {0: COPYRIGHT, 1: FAMILY, 2: "Regular", 3: FAMILY, 4: FAMILY, 5: "Version 1.0"}
    for number, text in {**plain, 6: FAMILY.replace(" ", "-")}.items():
        names.setName(text, number, 3, 1, 0x409)


if __name__ == "__main__":
    main()
