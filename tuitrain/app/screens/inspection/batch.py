"""The batch view: samples, what the network makes of them, and how it confuses the classes."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from tuitrain.app.keys.other_screens import BATCH_KEYS
from tuitrain.app.renderables.footer import Hint
from tuitrain.app.widgets.heatmaps.batch import ConfusionMatrix, Samples
from tuitrain.app.widgets.no_markup import Container
from tuitrain.engines.inspection import SAMPLE_SELECTIONS, InspectBatch
from tuitrain.engines.inspection import SampleSelection as SampleSource

from .inspector_screen import InspectionHost, InspectorScreen

PAGE = 8


class BatchScreen(InspectorScreen):
    """Pictures beside the matrix; on a narrow terminal one of them, and tab goes to the other."""

    BINDINGS: ClassVar[list[BindingType]] = [each.binding() for each in BATCH_KEYS]
    shows: ClassVar[str] = "batch"
    keys_here = BATCH_KEYS

    def __init__(self, host: InspectionHost) -> None:
        super().__init__(host)
        self.samples: SampleSource = SAMPLE_SELECTIONS[0]

    def body(self) -> ComposeResult:
        """Compose the pictures beside the matrix."""
        with Container(id="batch"):
            yield Samples()
            yield ConfusionMatrix()

    def asked(self) -> InspectBatch:
        """Ask for the samples."""
        return InspectBatch(self.samples)

    def hints(self) -> list[Hint]:
        """Name the keys of this view."""
        after = {"probe": "next batch", "next": "mistakes", "mistakes": "test set"}[self.samples]
        hints = [
            Hint("→", after, after, "samples(1)"),
            Hint("↓", "more", "more", "move(1)"),
            Hint("+-", "size", "size", "zoom(1)", drop_order=2),
        ]
        if self.has_class("-narrow"):
            other = "pictures" if self.has_class("-matrix") else "confusions"
            hints.insert(0, Hint("tab", other, other, "other"))
        return hints

    def action_other(self) -> None:
        """Go to the matrix, or back to the pictures."""
        self.toggle_class("-matrix")

    def action_samples(self, by: int) -> None:
        """Show other samples."""
        self.samples = SAMPLE_SELECTIONS[
            (SAMPLE_SELECTIONS.index(self.samples) + by) % len(SAMPLE_SELECTIONS)
        ]
        self.query_one(Samples).first = 0
        self.ask()

    def action_move(self, by: int) -> None:
        """Show later samples, or earlier ones."""
        self.query_one(Samples).move(by * PAGE)

    def action_zoom(self, by: int) -> None:
        """Draw the pictures larger or smaller."""
        pictures = self.query_one(Samples)
        pictures.zoom = max(-6, min(6, pictures.zoom + by))
