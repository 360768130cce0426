"""A chart as PNG: each character in its cell and color, in a font that has them all."""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFont
from rich.style import Style

from tuitrain.app import renderables
from tuitrain.app.export.png import CELL_HEIGHT, CELL_WIDTH, FONT, PngError, to_png

GROUND, RED, BLUE = (16, 16, 16), (255, 0, 0), (0, 0, 255)
COLOURS = {"text": "#e0e0e0", "strong": "#ffffff", "red": "#ff0000", "blue": "#0000ff"}
STYLES = {role: Style(color=colour, bgcolor="#101010") for role, colour in COLOURS.items()}
STYLES["lit"] = Style(color="#ff0000", bgcolor="#0000ff", reverse=True)


def drawn(*rows) -> np.ndarray:
    with Image.open(BytesIO(to_png(rows, STYLES.__getitem__, "a title"))) as picture:
        return np.asarray(picture)


def cell(pixels: np.ndarray, row: int, column: int) -> np.ndarray:
    """Return the pixels of a cell, counted from the first row, below the title."""
    top, left = (row + 3) * CELL_HEIGHT, (column + 1) * CELL_WIDTH
    return pixels[top : top + CELL_HEIGHT, left : left + CELL_WIDTH]


def of_colour(pixels: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (pixels == np.array(colour)).all(axis=2)


def test_a_png_has_a_cell_for_each_character_and_a_margin():
    pixels = drawn((("0123456789", "text"),), (("01", "text"),))
    assert pixels.shape == ((2 + 2 + 2) * CELL_HEIGHT, (10 + 2) * CELL_WIDTH, 3)
    title = pixels[CELL_HEIGHT : 2 * CELL_HEIGHT]
    assert of_colour(title, (255, 255, 255)).any()
    assert of_colour(pixels[:CELL_HEIGHT], GROUND).all()


def test_each_character_has_the_color_of_its_role():
    pixels = drawn((("█", "red"), ("█", "blue"), (" ", "red"), ("x", "lit")))
    for column, colour in enumerate((RED, BLUE, GROUND)):
        assert of_colour(cell(pixels, 0, column)[2:-2, 2:-2], colour).all()
    assert tuple(cell(pixels, 0, 3)[0, 0]) == RED, "reversed: what it is written on"


@pytest.mark.parametrize("bit", range(8))
def test_a_braille_dot_is_at_its_place(bit):
    pixels = cell(drawn(((chr(0x2800 + (1 << bit)), "red"),)), 0, 0)
    ys, xs = np.nonzero(of_colour(pixels, RED))
    column, row = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)][bit]
    assert (xs.mean() + 0.5) / CELL_WIDTH * 2 - 0.5 == pytest.approx(column, abs=0.1)
    assert (ys.mean() + 0.5) / CELL_HEIGHT * 4 - 0.5 == pytest.approx(row, abs=0.1)


def test_lines_continue_across_cells():
    pixels = drawn((("│", "red"),), (("│", "red"),), (("└──", "red"),))
    middle = CELL_WIDTH + CELL_WIDTH // 2
    upright = pixels[3 * CELL_HEIGHT : 5 * CELL_HEIGHT, middle - 3 : middle + 3]
    assert (upright != np.array(GROUND)).any(axis=2).any(axis=1).all()
    level = pixels[5 * CELL_HEIGHT : 6 * CELL_HEIGHT, 2 * CELL_WIDTH : 4 * CELL_WIDTH]
    assert (level != np.array(GROUND)).any(axis=2).any(axis=0).all()


def test_a_wide_character_takes_two_cells():
    pixels = drawn((("层█", "red"),))
    assert of_colour(cell(pixels, 0, 2)[2:-2, 2:-2], RED).all()


def test_the_font_has_every_character_of_charts():
    folder = Path(renderables.__file__).parent
    sources = [*sorted((folder / "charts").glob("*.py")), folder / "formatting.py"]
    written = set("".join(source.read_text() for source in sources))
    written |= {chr(code) for code in range(0x2801, 0x2900)} | set("│┤┴└─┊∿❄☼⇄Δ×·")
    font = ImageFont.truetype(FONT, 40)
    missing = bytes(font.getmask("\uffff"))
    assert any(missing)
    absent = [
        item for item in written if item.isprintable() and bytes(font.getmask(item)) == missing
    ]
    assert absent == []


def test_without_pillow_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(PngError, match=r'not installed: pip install "tuitrain\[png\]"'):
        to_png([], STYLES.__getitem__, "x")
