"""The panels of the batch view: samples with their predictions, and the results on the test set."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size
from textual.reactive import reactive

from tuitrain.engines.batch_view import (
    BatchView,
    ClassTargets,
    NumberTargets,
    StepBatchView,
)
from tuitrain.run.snapshot import Snapshot

from ...renderables.formatting import format_count, format_percentage, format_shape
from ...renderables.rows import Row
from ...renderables.samples.captions import batch_title, input_note
from ...renderables.samples.confusion import confusion_rows, overall_accuracy
from ...renderables.samples.errors import error_rows, scatter_rows
from ...renderables.samples.sample_rows import sample_rows
from ...renderables.samples.step_batch import entry_rows, step_batch_title, step_picture_rows
from ..inspection_access import inspection_of, placeholder_rows
from .heat_view import HeatView


class BatchPanel(HeatView):
    """The base of the panels of an inspected batch."""

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Draw the batch, or the reason why there is none."""
        del snapshot
        view = inspection_of(self)
        if isinstance(view, StepBatchView):
            return self.draw_step(view, room)
        if not isinstance(view, BatchView):
            return placeholder_rows(self, room.width)
        return self.draw(view, room)

    def draw(self, view: BatchView, room: Size) -> Sequence[Row]:
        """Make the rows of a batch; each panel implements it."""
        raise NotImplementedError

    def draw_step(self, view: StepBatchView, room: Size) -> Sequence[Row]:
        """Make the rows of the batch of a script's step; each panel implements it."""
        raise NotImplementedError


class Samples(BatchPanel):
    """The samples with their targets and predictions."""

    first: reactive[int] = reactive(0, init=False, repaint=False)
    """The first sample that is drawn."""

    zoom: reactive[int] = reactive(0, init=False, repaint=False)
    """The number of sizes by which the pictures are larger than by default."""

    def __init__(self) -> None:
        super().__init__(id="samples", classes="panel seen")

    def draw(self, view: BatchView, room: Size) -> Sequence[Row]:
        """Draw the samples."""
        notes = [note for note in (_step_note(view), input_note(view)) if note]
        self.set_border_texts(batch_title(view), ", ".join(notes))
        first = min(self.first, max(0, len(view) - 1))
        rows = sample_rows(view, room.width, room.height, first, self.glyphs, self.zoom)
        return rows or [(("no sample is wrong", "good"),)]

    def draw_step(self, view: StepBatchView, room: Size) -> Sequence[Row]:
        """Draw the images of a step's batch; without any, list its values."""
        pictures = view.pictures
        first = min(self.first, max(0, _count(view) - 1))
        note = "" if pictures is None else f"images {format_shape(pictures.shape)}"
        self.set_border_texts(step_batch_title(view), note)
        if pictures is None:
            return entry_rows(view, room.width, room.height, first)
        return step_picture_rows(pictures, *room, first, self.glyphs, self.zoom)

    def watch_first(self) -> None:
        """Redraw from the first sample."""
        self.redraw()

    def watch_zoom(self) -> None:
        """Redraw in the new size."""
        self.redraw()

    def move(self, delta: int) -> None:
        """Show later samples, or earlier ones."""
        view = inspection_of(self)
        if isinstance(view, BatchView | StepBatchView):
            self.first = max(0, min(self.first + delta, _count(view) - 1))


class SetResults(BatchPanel):
    """The results on the test set: confusions, a scatter plot, or the errors."""

    def __init__(self) -> None:
        super().__init__(id="confusion", classes="panel seen")

    def draw(self, view: BatchView, room: Size) -> Sequence[Row]:
        """Draw the results."""
        targets = view.targets
        if isinstance(targets, ClassTargets):
            confusions = targets.confusions
            accuracy = format_percentage(overall_accuracy(confusions))
            self.set_border_texts(f"test set: {accuracy} right", _step_note(view))
            names = targets.class_names
            return confusion_rows(confusions, room.width, room.height, self.glyphs, names)
        if isinstance(targets, NumberTargets):
            self.set_border_texts("test set: predicted against true", _step_note(view))
            return scatter_rows(targets, room.width, room.height)
        self.set_border_texts("test set: errors of reconstructions", _step_note(view))
        return error_rows(targets.test_errors, room.width, room.height)

    def draw_step(self, view: StepBatchView, room: Size) -> Sequence[Row]:
        """List the values of a step's batch."""
        self.set_border_texts("contents of the batch", "")
        return entry_rows(view, room.width, room.height, 0)


def _count(view: BatchView | StepBatchView) -> int:
    """Return the number of samples, or of the entries that are listed in their place."""
    if isinstance(view, BatchView):
        return len(view)
    return len(view.entries) if view.pictures is None else len(view.pictures.values)


def _step_note(view: BatchView) -> str:
    return f"step {format_count(view.step)}"
