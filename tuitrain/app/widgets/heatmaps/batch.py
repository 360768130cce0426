"""The panels of the batch view: samples as pictures, and the confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size
from textual.reactive import reactive

from tuitrain.app.renderables.formatting import format_count, format_percentage
from tuitrain.app.renderables.heatmaps.confusion import confusion_rows, overall_accuracy
from tuitrain.app.renderables.heatmaps.samples import batch_title, sheet_rows
from tuitrain.app.renderables.rows import Row
from tuitrain.engines.inspection import BatchView
from tuitrain.run.snapshot import Snapshot

from ..inspection_access import inspection_of, placeholder_rows
from .heat_view import HeatView


class BatchPanel(HeatView):
    """The base of the panels of an inspected batch."""

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Draw the batch, or the reason why there is none."""
        del snapshot
        view = inspection_of(self)
        if not isinstance(view, BatchView):
            return placeholder_rows(self, room.width)
        return self.draw(view, room)

    def draw(self, view: BatchView, room: Size) -> Sequence[Row]:
        """Make the rows of a batch; each panel implements it."""
        raise NotImplementedError


class Samples(BatchPanel):
    """The samples with their labels and guesses."""

    first: reactive[int] = reactive(0, init=False, repaint=False)
    """The first sample that is drawn."""

    zoom: reactive[int] = reactive(0, init=False, repaint=False)
    """How many sizes larger the pictures are than by default."""

    def __init__(self) -> None:
        super().__init__(id="samples", classes="panel seen")

    def draw(self, view: BatchView, room: Size) -> Sequence[Row]:
        """Draw the pictures."""
        self.border_title = batch_title(view)
        self.border_subtitle = f"step {format_count(view.step)}"
        first = min(self.first, max(0, len(view.labels) - 1))
        rows = sheet_rows(view, room.width, room.height, first, self.glyphs, self.zoom)
        return rows or [(("no sample is wrong", "good"),)]

    def watch_first(self) -> None:
        """Redraw from the first sample."""
        self.redraw()

    def watch_zoom(self) -> None:
        """Redraw in the new size."""
        self.redraw()

    def move(self, delta: int) -> None:
        """Show later samples, or earlier ones."""
        view = inspection_of(self)
        if isinstance(view, BatchView):
            self.first = max(0, min(self.first + delta, len(view.labels) - 1))


class ConfusionMatrix(BatchPanel):
    """The confusion matrix of the test set."""

    def __init__(self) -> None:
        super().__init__(id="confusion", classes="panel seen")

    def draw(self, view: BatchView, room: Size) -> Sequence[Row]:
        """Draw the matrix."""
        accuracy = format_percentage(overall_accuracy(view.confusion, view.nan_count))
        self.border_title = f"test set: {accuracy} right"
        self.border_subtitle = f"step {format_count(view.step)}"
        return confusion_rows(view.confusion, view.nan_count, room.width, room.height, self.glyphs)
