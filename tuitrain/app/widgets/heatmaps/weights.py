"""The panels of the weights view."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size
from textual.reactive import reactive

from tuitrain.engines.inspection import WeightsView
from tuitrain.run.snapshot import Snapshot

from ...renderables.formatting import format_shape
from ...renderables.heatmaps.histogram_series import histogram_series_rows
from ...renderables.heatmaps.weight_facts import (
    TENSORS,
    absence_reason,
    fact_rows,
    tensor_summary,
)
from ...renderables.heatmaps.weights import is_filters, weight_picture_rows
from ...renderables.histograms.bars import histogram_rows
from ...renderables.rows import Row, wrap_text
from ..inspection_access import inspection_of, placeholder_rows
from .heat_view import HeatView


class WeightsPanel(HeatView):
    """The base of the panels of an inspected parameter."""

    tensor: reactive[str] = reactive(TENSORS[0], init=False, repaint=False)
    """The tensor that is shown: value, gradient or update."""

    def watch_tensor(self) -> None:
        """Redraw with the other tensor."""
        self.redraw()

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Draw the parameter; no rows without one."""
        del snapshot
        view = inspection_of(self)
        if not isinstance(view, WeightsView):
            return []
        return self.draw(view, room)

    def draw(self, view: WeightsView, room: Size) -> Sequence[Row]:
        """Make the rows of a parameter; each panel implements it."""
        raise NotImplementedError


class WeightsFacts(WeightsPanel):
    """Name, numbers, update, units, first values."""

    def __init__(self) -> None:
        super().__init__(id="weights-facts", classes="seen")

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Draw the facts, or the reason why there are none."""
        return super().rows(snapshot, room) or placeholder_rows(self, room.width)

    def draw(self, view: WeightsView, room: Size) -> Sequence[Row]:
        """Draw the facts."""
        return fact_rows(view, self.tensor, room.width)


class WeightsHistory(WeightsPanel):
    """Histograms over the steps."""

    def __init__(self) -> None:
        super().__init__(id="weights-course", classes="panel seen")

    def draw(self, view: WeightsView, room: Size) -> Sequence[Row]:
        """Draw the heat map over steps and values."""
        course = tensor_summary(view, self.tensor).histograms
        self.border_title = f"{self.tensor} over the steps"
        self.border_subtitle = "bright: many" if len(course) else ""
        nothing = (
            "nothing sampled yet"
            if self.tensor != "gradient"
            else absence_reason(view, self.tensor)
        )
        return histogram_series_rows(course, room.width, room.height, self.glyphs) or wrap_text(
            nothing, room.width, "muted"
        )


class WeightsHistogram(WeightsPanel):
    """The newest histogram."""

    def __init__(self) -> None:
        super().__init__(id="weights-bars", classes="panel seen")

    def draw(self, view: WeightsView, room: Size) -> Sequence[Row]:
        """Draw the histogram with its ends."""
        self.border_title = f"{self.tensor} now"
        now = tensor_summary(view, self.tensor).statistics
        return histogram_rows(now, room.width, room.height) or wrap_text(
            absence_reason(view, self.tensor), room.width, "muted"
        )


class WeightsPicture(WeightsPanel):
    """The weights themselves: a heat map, or the filters of a convolution."""

    first: reactive[int] = reactive(0, init=False, repaint=False)
    """The first output channel whose filters are drawn."""

    def __init__(self) -> None:
        super().__init__(id="weights-picture", classes="panel seen")

    def watch_first(self) -> None:
        """Redraw from the first output channel."""
        self.redraw()

    def draw(self, view: WeightsView, room: Size) -> Sequence[Row]:
        """Draw the weights, with the meaning of a cell in the border."""
        facet = tensor_summary(view, self.tensor)
        rows, caption = weight_picture_rows(
            facet, view.shape, room.width, room.height, self.first, self.glyphs
        )
        kind = "filters" if is_filters(view.shape) else format_shape(view.shape)
        self.border_title = f"{self.tensor}: {kind}"
        self.border_subtitle = caption
        return rows or wrap_text(absence_reason(view, self.tensor), room.width, "muted")

    def move(self, delta: int) -> None:
        """Show the filters of later output channels, or of earlier ones."""
        view = inspection_of(self)
        if isinstance(view, WeightsView) and is_filters(view.shape):
            self.first = max(0, min(self.first + delta, view.shape[0] - 1))
