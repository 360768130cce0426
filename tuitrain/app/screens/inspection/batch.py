"""The samples screen: samples, predictions, and the results on the test set."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from tuitrain.engines.batch_view import (
    SAMPLE_SELECTIONS,
    BatchView,
    ClassTargets,
    InspectBatch,
    NumberTargets,
    StepBatchView,
)
from tuitrain.engines.batch_view import SampleSelection as SampleSource
from tuitrain.run.snapshot import Snapshot

from ...keys.other_screens import BATCH_KEYS
from ...renderables.footer import Hint
from ...widgets.heatmaps.batch import Samples, SetResults
from ...widgets.no_markup import Container
from .inspector_screen import InspectionHost, InspectorScreen

PAGE = 8

ONLY_THE_BATCH = "the test set of a script is not known: this is the batch of a step"

MAX_SHORT = 5
"""Maximum number of classes of a matrix beside a table."""


class BatchScreen(InspectorScreen):
    """Samples beside results; on a narrow terminal tab switches between them."""

    BINDINGS: ClassVar[list[BindingType]] = [key.binding() for key in BATCH_KEYS]
    opened_by: ClassVar[str] = "batch"
    own_keys = BATCH_KEYS

    def __init__(self, host: InspectionHost) -> None:
        super().__init__(host)
        self.samples: SampleSource = SAMPLE_SELECTIONS[0]

    def compose_body(self) -> ComposeResult:
        """Compose the samples beside the results."""
        with Container(id="batch"):
            yield Samples()
            yield SetResults()

    def request(self) -> InspectBatch:
        """Request the samples."""
        return InspectBatch(self.samples)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show a snapshot; tables and texts get the width that short results leave."""
        super().show_snapshot(snapshot)
        step_batch = self._step_batch
        self.set_class(step_batch is not None and not self.has_class("-narrow"), "-step")
        self.set_class(step_batch is not None and step_batch.pictures is None, "-entries")
        view = self.inspection if isinstance(self.inspection, BatchView) else None
        if view is not None:
            is_wide = view.inputs.kind in ("row", "tokens") and _has_short_results(view)
            self.set_class(is_wide and not self.has_class("-narrow"), "-table")

    def own_hints(self) -> list[Hint]:
        """Return the footer hints of this screen."""
        if (step_batch := self._step_batch) is not None:
            return self._step_hints(step_batch)
        view = self.inspection if isinstance(self.inspection, BatchView) else None
        targets = None if view is None else view.targets
        worst = "mistakes" if targets is None or isinstance(targets, ClassTargets) else "errors"
        after = {"probe": "next batch", "next": worst, "mistakes": "test set"}[self.samples]
        hints = [
            Hint("→", after, after, "samples(1)"),
            Hint("↓", "more", "more", "move(1)"),
        ]
        if view is None or view.inputs.kind in ("image", "curve"):
            hints.append(Hint("+-", "size", "size", "zoom(1)", drop_order=2))
        if self.has_class("-narrow"):
            results = {ClassTargets: "confusions", NumberTargets: "scatter plot"}
            name = "confusions" if targets is None else results.get(type(targets), "errors")
            other = "samples" if self.has_class("-matrix") else name
            hints.insert(0, Hint("tab", other, other, "other"))
        return hints

    @property
    def _step_batch(self) -> StepBatchView | None:
        """The batch of a script's step, if that is shown."""
        return self.inspection if isinstance(self.inspection, StepBatchView) else None

    def _step_hints(self, view: StepBatchView) -> list[Hint]:
        """Return the hints for the batch of a script's step."""
        hints = [Hint("↓", "more", "more", "move(1)")]
        if view.pictures is None:
            return hints
        hints.append(Hint("+-", "size", "size", "zoom(1)", drop_order=2))
        if self.has_class("-narrow"):
            other = "samples" if self.has_class("-matrix") else "tensors"
            hints.insert(0, Hint("tab", other, other, "other"))
        return hints

    @property
    def has_pictures(self) -> bool:
        """Whether samples are drawn; the tensors of a script's batch are listed."""
        return self._step_batch is None or self._step_batch.pictures is not None

    def action_other(self) -> None:
        """Show the results, or the samples."""
        self.toggle_class("-matrix")

    def action_samples(self, delta: int) -> None:
        """Show other samples; of a script's loop only the batch of a step is known."""
        if self._step_batch is not None:
            self.host.status.show_text(ONLY_THE_BATCH, "muted")
            if (snapshot := self.host.snapshot) is not None:
                self.show_snapshot(snapshot)
            return
        self.samples = SAMPLE_SELECTIONS[
            (SAMPLE_SELECTIONS.index(self.samples) + delta) % len(SAMPLE_SELECTIONS)
        ]
        self.query_one(Samples).first = 0
        self.request_inspection()

    def action_move(self, delta: int) -> None:
        """Show later samples, or earlier ones."""
        self.query_one(Samples).move(delta * PAGE)

    def action_zoom(self, delta: int) -> None:
        """Draw pictures and curves larger or smaller."""
        pictures = self.query_one(Samples)
        pictures.zoom = max(-6, min(6, pictures.zoom + delta))


def _has_short_results(view: BatchView) -> bool:
    """Whether the results on the test set need no matrix of many classes."""
    if not isinstance(view.targets, ClassTargets):
        return True
    confusions = view.targets.confusions
    return confusions.matrix is None or len(confusions.totals) <= MAX_SHORT
