"""Draw rows of text as a PNG, cell by cell, in a bundled font: the same on every machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from rich.cells import cell_len
from rich.style import Style
from rich.terminal_theme import SVG_EXPORT_THEME

from tuitrain.errors import TuitrainError
from tuitrain.text import visible

from ..renderables.rows import Row, row_width

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

FONT: Final = Path(__file__).parent / "fonts" / "charts.ttf"
"""Made by `scripts/make_chart_font.py`, for cells twice as high as wide."""

CELL_WIDTH: Final = 20
"""Pixels of a cell: a chart of 80 columns is 1640 pixels wide."""

CELL_HEIGHT: Final = 2 * CELL_WIDTH
_BASELINE: Final = CELL_WIDTH * 3 // 2
_FONT_SIZE: Final = CELL_WIDTH * 2048 / 1233

MISSING_PILLOW: Final = 'a PNG needs Pillow, which is not installed: pip install "tuitrain[png]"'

_Color: TypeAlias = tuple[int, int, int]


class PngError(TuitrainError):
    """Pillow, which draws a PNG, is not installed."""


def to_png(rows: Sequence[Row], style_of: Callable[[str], Style], title: str) -> bytes:
    """Return rows of text as a PNG, with the roles' colors on the screen.

    The title is above them, and the margin is one cell.

    Raises
    ------
    PngError : Pillow is not installed
    """
    try:
        from PIL import Image, ImageDraw
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "PIL":
            raise
        raise PngError(MISSING_PILLOW) from None
    lines: list[Row] = [((title, "strong"),), (), *rows]
    columns = max(map(row_width, lines)) + 2
    ground = _colors(style_of("text"))[1]
    image = Image.new("RGB", (columns * CELL_WIDTH, (len(lines) + 2) * CELL_HEIGHT), ground)
    brush = ImageDraw.Draw(image)
    for number, row in enumerate(lines, start=1):
        _draw(brush, number * CELL_HEIGHT, row, style_of)
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _draw(brush: ImageDraw.ImageDraw, top: int, row: Row, style_of: Callable[[str], Style]) -> None:
    """Draw a row, each character in its own cell, so that columns align."""
    left, font = CELL_WIDTH, _font()
    for text, role in row:
        fore, back = _colors(style_of(role))
        right = left + cell_len(visible(text)) * CELL_WIDTH
        if right > left:
            brush.rectangle((left, top, right - 1, top + CELL_HEIGHT - 1), back)
        for character in visible(text):
            if not character.isspace():
                brush.text((left, top + _BASELINE), character, fore, font, anchor="ls")
            left += cell_len(character) * CELL_WIDTH


@cache
def _font() -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    return ImageFont.truetype(FONT, _FONT_SIZE, layout_engine=ImageFont.Layout.BASIC)


def _colors(style: Style) -> tuple[_Color, _Color]:
    """Return a style's foreground and background."""
    theme = SVG_EXPORT_THEME
    fore = style.color.get_truecolor(theme) if style.color else theme.foreground_color
    back = style.bgcolor.get_truecolor(theme, False) if style.bgcolor else theme.background_color
    if style.reverse:
        fore, back = back, fore
    if style.dim:
        fore = tuple((one + other) // 2 for one, other in zip(fore, back, strict=True))
    return (fore[0], fore[1], fore[2]), (back[0], back[1], back[2])
