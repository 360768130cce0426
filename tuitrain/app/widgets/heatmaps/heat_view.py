"""The base of panels with heat maps: maps the roles of cells to colors of the theme."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from textual.color import Color
from textual.reactive import reactive

from ...renderables.heatmaps.heatmap import COLOR_LEVELS, NOT_FINITE, GlyphSet
from ...renderables.rows import Role
from ..rows_view import RowsView

MAX_STYLES = 4096
"""Maximum number of cached styles; color pictures make many."""


class HeatView(RowsView):
    """A panel whose cells may have the roles of `renderables.heatmaps.heatmap`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "heat-negative",
        "heat-zero",
        "heat-positive",
        "heat-none",
        "heat-all",
        "heat-bad",
    }

    glyphs: reactive[GlyphSet] = reactive(GlyphSet.BLOCKS, init=False, repaint=False)
    """The characters to draw with."""

    def watch_glyphs(self) -> None:
        """Redraw with the other characters."""
        self.redraw()

    def style_of(self, role: Role) -> Style:
        """Return the style of a role; the two colors of a cell are computed here."""
        kind, *keys = role.split(" ")
        if kind not in ("cell", "on"):
            return super().style_of(role)
        style = self._styles.get(role)
        if style is None:
            if len(self._styles) > MAX_STYLES:
                self._styles.clear()
            style = self._styles[role] = self._cell(*keys) if kind == "cell" else self._on(*keys)
        return style

    def _cell(self, top: str, bottom: str) -> Style:
        background, color = self._color(bottom), self._color(top)
        assert color is not None
        behind = background.rich_color if background else super().style_of("text").bgcolor
        return Style(color=color.rich_color, bgcolor=behind)

    def _on(self, key: str) -> Style:
        """Return the style of text on a color."""
        color = self._color(key)
        assert color is not None
        return Style(color=color.get_contrast_text(1.0).rich_color, bgcolor=color.rich_color)

    def _color(self, key: str) -> Color | None:
        """Return a color by its key; None for the background."""
        kind, value = key[:1], key[1:]
        if kind == "s":
            share = int(value) / COLOR_LEVELS
            end = "heat-positive" if share > 0 else "heat-negative"
            return self._theme("heat-zero").blend(self._theme(end), abs(share))
        if kind == "u":
            return self._theme("heat-none").blend(
                self._theme("heat-all"), int(value) / COLOR_LEVELS
            )
        if kind == "c":
            return Color.parse(f"#{value}")
        return self._theme("heat-bad") if key == NOT_FINITE else None

    def _theme(self, name: str) -> Color:
        return self.get_component_styles(name).color
