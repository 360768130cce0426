"""The base of the panels: which rows are drawn and repainted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from textual.app import App, ComposeResult
from textual.geometry import Size
from textual.strip import Strip

from tests.app.fake import FakeSource
from tuitrain.app.framework.base_app import BaseApp
from tuitrain.app.renderables.charts.sparkline import sparkline
from tuitrain.app.renderables.rows import LazyRows, Row, plain_text
from tuitrain.app.widgets.rows_view import RowsView
from tuitrain.run.snapshot import Snapshot

SIZE = (20, 10)


class Panel(RowsView):
    """A panel of texts that logs which rows are drawn and painted."""

    DEFAULT_CSS = "Panel { border: round red; overflow-y: auto; scrollbar-size: 0 0; }"

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        self.drawn_rows: list[int] = []
        self.painted: list[int] = []
        super().__init__()

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        texts = list(self.texts)

        def draw(y: int) -> Row:
            self.drawn_rows.append(y)
            return ((texts[y], "text"),)

        self.set_border_texts("title", texts[0])
        return LazyRows(len(texts), draw)

    def render_line(self, y: int) -> Strip:
        self.painted.append(y)
        return super().render_line(y)

    def lines(self) -> list[str]:
        """Return the painted lines without the borders at the sides."""
        return [strip.text[1:-1].rstrip() for strip in self.render_lines(self.outer_size.region)]


class PanelApp(App[None]):
    """An app with one panel."""

    COMPONENT_CLASSES = BaseApp.COMPONENT_CLASSES

    def __init__(self, texts: list[str], kind: type[Panel] = Panel) -> None:
        super().__init__()
        self.panel = kind(texts)

    def compose(self) -> ComposeResult:
        yield self.panel

    def on_mount(self) -> None:
        self.panel.snapshot = FakeSource().snapshot()


def texts(count: int) -> list[str]:
    return [f"row {y}" for y in range(count)]


async def test_only_a_changed_row_is_repainted():
    app = PanelApp(texts(8))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        app.panel.painted.clear()
        app.panel.texts[3] = "another"
        app.panel.redraw()
        await pilot.pause()
        assert app.panel.painted == [3]
        assert app.panel.lines()[1:9] == [*texts(3), "another", *texts(8)[4:]]


@pytest.mark.parametrize(
    "css",
    [
        "border: round red; padding: 1 2;",
        "padding: 0 1; background: blue;",
        "border-left: thick green; tint: red 20%;",
        "border: none; hatch: cross red;",
        "outline: heavy red; text-opacity: 50%;",
        "border: round red; scrollbar-size: 1 1; overflow-y: scroll;",
    ],
)
async def test_a_repainted_row_looks_as_in_a_panel_that_is_painted_whole(css):
    class Styled(Panel):
        DEFAULT_CSS = f"Styled {{ overflow-y: auto; scrollbar-size: 0 0; {css} }}"

    app = PanelApp(texts(8), Styled)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        for change in ("another", "宽 wide", "longer than the panel is wide"):
            app.panel.texts[3] = change
            app.panel.redraw()
            await pilot.pause()
            part = app.panel.render_lines(app.panel.outer_size.region)[:]
            app.panel.refresh()
            assert part == app.panel.render_lines(app.panel.outer_size.region)


async def test_a_border_text_repaints_only_the_border():
    app = PanelApp(texts(8))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        app.panel.painted.clear()
        app.panel.set_border_texts("other", "names")
        await pilot.pause()
        top, *_, bottom = app.panel.lines()
        assert "other" in top
        assert "names" in bottom
        assert app.panel.painted == []


async def test_rows_out_of_sight_are_not_drawn():
    app = PanelApp(texts(1000))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert max(app.panel.drawn_rows) < SIZE[1]
        app.panel.scroll_to(y=500, animate=False)
        await pilot.pause()
        assert app.panel.lines()[1:3] == ["row 500", "row 501"]
        app.panel.texts[501] = "changed in sight"
        app.panel.texts[900] = "changed out of sight"
        app.panel.redraw()
        await pilot.pause()
        assert app.panel.lines()[1:3] == ["row 500", "changed in sight"]
        assert 900 not in app.panel.drawn_rows


async def test_a_resized_or_restyled_panel_is_repainted():
    app = PanelApp(texts(8))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        app.panel.painted.clear()
        app.panel.styles.border = ("heavy", "blue")
        await pilot.pause()
        assert app.panel.lines()[0][0] == "━"
        await pilot.resize_terminal(12, 6)
        await pilot.pause()
        assert len(app.panel.lines()) == 6
        assert app.panel.lines()[1] == "row 0"


def test_lazy_rows():
    rows = LazyRows(3, lambda y: ((str(y), "text"),))
    assert [plain_text(row) for row in rows] == ["0", "1", "2"]
    assert [plain_text(row) for row in rows[1:]] == ["1", "2"]
    assert plain_text(rows[-1]) == "2"


def test_a_sparkline_averages_finite_values():
    generator = np.random.default_rng(0)
    for count, width in ((50, 7), (512, 9), (10, 9)):
        values = generator.normal(size=count)
        values[generator.random(count) < 0.2] = np.nan
        known = [part[~np.isnan(part)] for part in np.array_split(values, width)]
        means = [part.mean() if len(part) else np.nan for part in known]
        assert sparkline(values, width) == sparkline(np.array(means), width)
    assert sparkline(np.full(20, np.nan), 5) == " " * 5
