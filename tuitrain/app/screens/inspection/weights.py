"""The weights view: one parameter, seen closely, with the others a key away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from tuitrain.app.keys.keymap import key_label
from tuitrain.app.keys.other_screens import WEIGHTS_KEYS
from tuitrain.app.renderables.footer import Hint
from tuitrain.app.renderables.heatmaps.weights import TENSORS
from tuitrain.app.renderables.tables.groups import TableRow
from tuitrain.app.widgets.heatmaps.weights import (
    WeightsFacts,
    WeightsHistogram,
    WeightsHistory,
    WeightsPanel,
    WeightsPicture,
)
from tuitrain.app.widgets.no_markup import Container, Vertical
from tuitrain.engines.inspection import InspectWeights
from tuitrain.run.snapshot import Snapshot

from .inspector_screen import InspectionHost, InspectorScreen


class WeightsScreen(InspectorScreen):
    """Values, gradient and updates of a parameter, as numbers, histograms and pictures.

    Parameters
    ----------
    parameter : the one to begin with
    """

    BINDINGS: ClassVar[list[BindingType]] = [each.binding() for each in WEIGHTS_KEYS]
    shows = "weights"
    keys_here = WEIGHTS_KEYS

    def __init__(self, host: InspectionHost, parameter: str) -> None:
        super().__init__(host)
        self.parameter = parameter
        self.facet = TENSORS[0]

    def body(self) -> ComposeResult:
        """Compose facts over histograms and the picture."""
        yield WeightsFacts()
        with Container(id="weights"):
            with Vertical():
                yield WeightsHistory()
                yield WeightsHistogram()
            yield WeightsPicture()

    def asked(self) -> InspectWeights:
        """Ask for the parameter."""
        return InspectWeights(self.parameter)

    def hints(self) -> list[Hint]:
        """Name the keys of this view."""
        still = [self.host.is_frozen(row) for row in self.chosen]
        does = "thaw" if still and all(still) else "freeze"
        key, acts = key_label(self.app, "freeze"), self.host.can_steer
        return [
            Hint("↑↓", "parameter", "param", "move(1)"),
            Hint("←→", "value/gradient/update", "val/grad/upd", "facet(1)"),
            Hint(key, does, does, "steer('toggle_freeze')", acts, 2),
        ]

    @property
    def chosen(self) -> Sequence[TableRow]:
        """The parameter, to be acted on."""
        snapshot = self.host.snapshot
        return () if snapshot is None else row_of(self.parameter, snapshot)

    def action_move(self, by: int) -> None:
        """Look at another parameter, in the order of the groups table."""
        snapshot = self.host.snapshot
        names = (
            [each.name for group in snapshot.groups for each in group.parameters]
            if snapshot
            else []
        )
        if self.parameter in names:
            self.parameter = names[(names.index(self.parameter) + by) % len(names)]
            self.query_one(WeightsPicture).first = 0
            self.ask()

    def action_facet(self, by: int) -> None:
        """Look at another side of it."""
        self.facet = TENSORS[(TENSORS.index(self.facet) + by) % len(TENSORS)]
        for panel in self.query(WeightsPanel):
            panel.tensor = self.facet

    def action_scroll_filters(self, by: int) -> None:
        """Look at the filters of other output channels."""
        self.query_one(WeightsPicture).move(4 * by)


def parameter_of(row: TableRow, snapshot: Snapshot) -> str:
    """Return the parameter that a row of the groups table stands for: of a group, its largest."""
    named = [each for each in snapshot.groups if each.name == row.group]
    if row.is_group and named and named[0].parameters:
        return max(named[0].parameters, key=lambda each: each.size).name
    return row.name


def row_of(parameter: str, snapshot: Snapshot) -> Sequence[TableRow]:
    """Return the row of the groups table that a parameter has; none if there is none."""
    return [
        TableRow(parameter, group.name, False)
        for group in snapshot.groups
        if parameter in [each.name for each in group.parameters]
    ]
