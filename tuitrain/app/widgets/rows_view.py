"""The base of every panel: draws rows of spans, and repaints only rows that changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.css.styles import StylesBase
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tuitrain.run.snapshot import Snapshot
from tuitrain.text import visible

from ..framework.faults import report_fault
from ..renderables.rows import Row, plain_text, wrap_text
from ..roles import Role, role_class
from .no_markup import NoMarkup


@dataclass
class _Frame:
    """The frame of a panel around its rows: borders and padding.

    Attributes
    ----------
    lines : the lines in which a row can change, and nothing else
    left, right : where a row begins and ends in its line
    background : of the panel
    """

    lines: range
    left: int
    right: int
    background: Color
    edges: dict[int, tuple[Strip, Strip]] = field(default_factory=dict[int, tuple[Strip, Strip]])

    def with_edges(self, y: int, row: Strip, painted: Strip) -> Strip:
        """Return the line of a row, with the edges of the line that was painted before."""
        known = self.edges.get(y)
        if known is None:
            known = self.edges[y] = painted.crop(0, self.left), painted.crop(self.right)
        return Strip.join([known[0], row, known[1]])


class RowsView(NoMarkup, ScrollView, can_focus=False):
    """A panel that shows the rows that `rows` makes of the snapshot.

    A refresh that changes one row repaints one row, which matters on a slow connection. Neither the
    spans nor the strips of other rows are made again: Textual's work for unchanged rows took a
    third of a refresh.
    """

    snapshot: reactive[Snapshot | None] = reactive(
        None, always_update=True, init=False, repaint=False
    )
    """The last snapshot; never compared, since it has arrays. `redraw` repaints."""

    turn: reactive[int | None] = reactive(None, init=False, repaint=False)
    """The turn of this refresh, for panels that are not drawn in each; None for all panels."""

    own_turn: int | None = None
    """The turn in which this panel is drawn; None for every refresh."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        self._drawn: Sequence[Row] = []
        self._width = 0
        self._styles: dict[Role, Style] = {}
        self.border_texts: tuple[str, str] | None = None
        """The title and the subtitle that `set_border_texts` has written."""
        self._border: Region | None = None
        self._painted: list[Strip] = []
        self._painted_region: Region | None = None
        self._unpainted: set[int] = set()
        self._frame = _Frame(range(0), 0, 0, Color(0, 0, 0))
        self._painting_width: int | None = None
        super().__init__(id=id, classes=classes)  # calls `refresh`

    @property
    def room(self) -> Size:
        """The size in cells to draw in."""
        return self.scrollable_content_region.size

    @property
    def rendered_rows(self) -> list[str]:
        """The text of the rows as they were drawn last."""
        return [plain_text(row) for row in self._drawn]

    def rendered_text(self) -> str:
        """Return the text as it was drawn last, with the part that is scrolled out of sight."""
        return "\n".join(self.rendered_rows)

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Make the rows of a snapshot; each panel implements it."""
        raise NotImplementedError

    def build_rows(self, room: Size) -> Sequence[Row] | None:
        """Make the rows; None without a snapshot."""
        return None if self.snapshot is None else self.rows(self.snapshot, room)

    def redraw(self) -> None:
        """Make the rows again, and repaint visible rows that differ."""
        room = self.room
        rows = self._try_rows(room) if room.area else None
        if rows is None:
            return
        before, self._drawn = self._drawn, rows
        if room.width != self._width or len(rows) != len(before):
            self._width = room.width
            self.virtual_size = Size(room.width, len(rows))
            self.refresh()
            return
        top = self.scroll_offset.y
        visible_range = range(top, min(top + room.height, len(rows)))
        changed = [y - top for y in visible_range if before[y] != rows[y]]
        if changed:
            self.refresh(*_regions(changed, room.width))

    def _try_rows(self, room: Size) -> Sequence[Row] | None:
        """Make the rows; after an exception, a message in their place."""
        try:
            return self.build_rows(room)
        except Exception as error:
            if not report_fault(self.app, error):
                raise
            message = f"✗ this panel cannot be drawn: {type(error).__name__}; the log says more"
            return wrap_text(message, room.width, "bad")

    def set_border_texts(self, title: str, subtitle: str) -> None:
        """Set title and subtitle; unlike Textual, repaint only the borders."""
        if (title, subtitle) == self.border_texts:
            return
        old_title, old_subtitle = self.border_texts or (None, None)
        self.border_texts = title, subtitle
        x, y = self.content_offset
        width, height = self.outer_size
        try:
            if title != old_title:
                self._border = Region(-x, -y, width, 1)
                self.border_title = title
            if subtitle != old_subtitle:
                self._border = Region(-x, height - y - 1, width, 1)
                self.border_subtitle = subtitle
        finally:
            self._border = None

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        """Repaint regions of the content, or the whole panel if there are none."""
        if self._border is not None and not regions:
            regions = (self._border,)
        if not regions:
            self._painted_region = None
        top = self.content_offset.y if regions else 0
        for region in regions:
            self._unpainted.update(range(region.y + top, region.bottom + top))
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of the panel with its borders; unchanged lines are reused."""
        stale = [y for y in self._unpainted if crop.y <= y < crop.bottom]
        if stale or crop != self._painted_region:
            self._painting_width = self.room.width  # read once: Textual searches for it
            try:
                self._paint(crop, stale)
            finally:
                self._painting_width = None
        self._unpainted.clear()
        return self._painted

    def _paint(self, crop: Region, stale: Iterable[int]) -> None:
        """Paint the stale lines; all lines of another region than before."""
        if crop == self._painted_region:
            self._repaint_lines(crop, stale)
        else:
            self._painted_region, self._painted = crop, super().render_lines(crop)
            self._frame = self._measure_frame(crop)

    def _repaint_lines(self, crop: Region, stale: Iterable[int]) -> None:
        """Paint lines of the painted region again: of a row only what is between its edges.

        Textual composes each line from all rules of the panel's style, which takes as long as the
        row itself.
        """
        frame, filters = self._frame, self.get_line_filters()
        for y in stale:
            place = y - crop.y
            if y not in frame.lines:
                line = Region(crop.x, y, crop.width, 1)
                self._painted[place : place + 1] = super().render_lines(line)
                continue
            row = self.render_line(y - frame.lines.start)
            for line_filter in filters:
                row = row.apply_filter(line_filter, frame.background)
            self._painted[place] = frame.with_edges(y, row, self._painted[place])

    def _measure_frame(self, crop: Region) -> _Frame:
        """Return the frame around the rows; it stays until all lines are painted."""
        styles, content, whole = self.styles, self.content_region, self.region
        fades = self.opacity != 1 or styles.text_opacity != 1 or styles.tint.a
        overlaid = styles.has_rule("hatch") or any(edge for edge, _ in styles.outline)
        is_whole = (crop.x, crop.width, content.width) == (0, whole.width, self._painting_width)
        top, left = content.y - whole.y, content.x - whole.x
        height = 0 if fades or overlaid or not is_whole else content.height
        lines = range(top, top + height)
        return _Frame(lines, left, left + content.width, self.background_colors[1])

    def style_of(self, role: Role) -> Style:
        """Return the style of a role in the stylesheet.

        Styles are cached here: Textual drops its own at every refresh, which cost 3 ms of 17. The
        app has the component classes: those of each panel took a third of the start of the deck.
        """
        style = self._styles.get(role)
        if style is None:
            styles = self.app.get_component_styles(role_class(role))
            style = self._styles[role] = self._lay_over(styles)
        return style

    def _lay_over(self, styles: StylesBase) -> Style:
        """Return the style of a role over the background of the panel."""
        background = self.background_colors[1] + styles.background
        colors = (background + styles.color).rich_color, background.rich_color
        return self.text_style + styles.text_style + Style.from_color(*colors)

    def notify_style_update(self) -> None:
        """Clear the cached styles, as after a change of theme."""
        self._styles.clear()
        self._painted_region = None
        super().notify_style_update()

    def row_style(self, y: int) -> Style | None:
        """Return a style to apply over row ``y``, such as a cursor's."""
        del y
        return None

    def watch_snapshot(self) -> None:
        """Redraw if it is this panel's turn."""
        if self.turn is None or self.own_turn is None or self.turn == self.own_turn:
            self.redraw()

    def render_line(self, y: int) -> Strip:
        """Return one line of the panel."""
        y += self.scroll_offset.y
        width = self.room.width if self._painting_width is None else self._painting_width
        if y >= len(self._drawn):
            return Strip.blank(width, self.style_of("text"))
        strip = Strip(
            [Segment(visible(text), self.style_of(role)) for text, role in self._drawn[y] if text]
        ).adjust_cell_length(width, self.style_of("text"))
        style = self.row_style(y)
        return Strip(Segment.apply_style(strip, post_style=style), width) if style else strip

    def on_resize(self) -> None:
        """Fit the rows to the new size."""
        self.redraw()

    def watch_show_vertical_scrollbar(self) -> None:
        """Fit the rows to the width beside the scrollbar, known only after they are drawn."""
        self.redraw()


def _regions(lines: Iterable[int], width: int) -> Iterator[Region]:
    """Return regions of a width that cover ascending lines, one region for neighboring lines."""
    start = end = -1
    for y in lines:
        if y != end:
            if end > start:
                yield Region(0, start, width, end - start)
            start = y
        end = y + 1
    if end > start:
        yield Region(0, start, width, end - start)
