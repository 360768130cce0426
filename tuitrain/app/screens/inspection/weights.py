"""The weights screen: one parameter in detail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from tuitrain.engines.inspection import InspectWeights
from tuitrain.run.snapshot import Snapshot

from ...keys.keymap import key_label
from ...keys.other_screens import WEIGHTS_KEYS
from ...renderables.footer import Hint
from ...renderables.heatmaps.weight_facts import TENSORS
from ...renderables.tables.groups import TableRow
from ...widgets.heatmaps.weights import (
    WeightsFacts,
    WeightsHistogram,
    WeightsHistory,
    WeightsPanel,
    WeightsPicture,
)
from ...widgets.no_markup import Container, Vertical
from .inspector_screen import InspectionHost, InspectorScreen


class WeightsScreen(InspectorScreen):
    """Values, gradient and updates of a parameter, as numbers, histograms and pictures.

    Parameters
    ----------
    parameter : the first parameter
    """

    BINDINGS: ClassVar[list[BindingType]] = [key.binding() for key in WEIGHTS_KEYS]
    opened_by = "weights"
    own_keys = WEIGHTS_KEYS

    def __init__(self, host: InspectionHost, parameter: str) -> None:
        super().__init__(host)
        self.parameter = parameter
        self.facet = TENSORS[0]

    def compose_body(self) -> ComposeResult:
        """Compose statistics above histograms and heat map."""
        yield WeightsFacts()
        with Container(id="weights"):
            with Vertical():
                yield WeightsHistory()
                yield WeightsHistogram()
            yield WeightsPicture()

    def request(self) -> InspectWeights:
        """Request the parameter."""
        return InspectWeights(self.parameter)

    def own_hints(self) -> list[Hint]:
        """Return the footer hints of this screen."""
        frozen = [self.host.is_frozen(row) for row in self.targets]
        label = "thaw" if frozen and all(frozen) else "freeze"
        key, acts = key_label(self.app, "freeze"), self.host.can_steer
        return [
            Hint("↑↓", "parameter", "param", "move(1)"),
            Hint("←→", "value/gradient/update", "val/grad/upd", "facet(1)"),
            Hint(key, label, label, "steer('toggle_freeze')", acts, 2),
        ]

    @property
    def targets(self) -> Sequence[TableRow]:
        """The parameter's row."""
        snapshot = self.host.snapshot
        return () if snapshot is None else row_of(self.parameter, snapshot)

    def action_move(self, delta: int) -> None:
        """Show another parameter, in the order of the groups table."""
        snapshot = self.host.snapshot
        names = (
            [view.name for group in snapshot.groups for view in group.parameters]
            if snapshot
            else []
        )
        if self.parameter in names:
            self.parameter = names[(names.index(self.parameter) + delta) % len(names)]
            self.query_one(WeightsPicture).first = 0
            self.request_inspection()

    def action_facet(self, delta: int) -> None:
        """Show another tensor: value, gradient or update."""
        self.facet = TENSORS[(TENSORS.index(self.facet) + delta) % len(TENSORS)]
        for panel in self.query(WeightsPanel):
            panel.tensor = self.facet

    def action_scroll_filters(self, delta: int) -> None:
        """Show the filters of other output channels."""
        self.query_one(WeightsPicture).move(4 * delta)


def parameter_of(row: TableRow, snapshot: Snapshot) -> str:
    """Return the parameter of a row of the groups table; for a group, its largest."""
    named = [view for view in snapshot.groups if view.name == row.group]
    if row.is_group and named and named[0].parameters:
        return max(named[0].parameters, key=lambda view: view.size).name
    return row.name


def row_of(parameter: str, snapshot: Snapshot) -> Sequence[TableRow]:
    """Return the groups table's row of a parameter; none if it is unknown."""
    return [
        TableRow(parameter, group.name, False)
        for group in snapshot.groups
        if parameter in [view.name for view in group.parameters]
    ]
