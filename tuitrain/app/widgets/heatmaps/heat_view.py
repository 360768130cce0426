"""The base of the panels with pictures: where the theme says what colours a cell has."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from textual.color import Color
from textual.reactive import reactive

from tuitrain.app.renderables.heatmaps.heatmap import COLOR_LEVELS, NOT_FINITE, GlyphSet
from tuitrain.app.renderables.rows import Role

from ..rows_view import RowsView

MAX_STYLES = 4096
"""Styles of cells that are held; coloured pictures make new ones."""


class HeatView(RowsView):
    """A panel whose cells may have the roles of `renderables.heat`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "heat-negative",
        "heat-zero",
        "heat-positive",
        "heat-none",
        "heat-all",
        "heat-bad",
    }

    glyphs: reactive[GlyphSet] = reactive(GlyphSet.BLOCKS, init=False, repaint=False)
    """What is drawn with."""

    def watch_glyphs(self) -> None:
        """Draw with the other ink."""
        self.redraw()

    def style_of(self, role: Role) -> Style:
        """Return how a role looks; a cell's two colours are mixed here."""
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
        ground, colour = self._colour(bottom), self._colour(top)
        assert colour is not None
        behind = ground.rich_color if ground else super().style_of("text").bgcolor
        return Style(color=colour.rich_color, bgcolor=behind)

    def _on(self, key: str) -> Style:
        """Return how text looks on a colour."""
        ground = self._colour(key)
        assert ground is not None
        return Style(color=ground.get_contrast_text(1.0).rich_color, bgcolor=ground.rich_color)

    def _colour(self, key: str) -> Color | None:
        """Return a colour by its key; None for the ground."""
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
