"""The panel of the selected parameter."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size

from tuitrain.run.snapshot import Snapshot

from ..renderables.formatting import format_count, format_shape
from ..renderables.histograms.parameter import parameter_rows
from ..renderables.rows import Row, wrap_text
from .rows_view import RowsView

_NOT_RECORDED = "values and gradients are only in checkpoints; there is none before this step"


class ParameterPanel(RowsView):
    """Value and gradient of the parameter that is selected in the run."""

    own_turn = 2

    def __init__(self) -> None:
        super().__init__(id="parameter", classes="panel")

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Draw the parameter, with its name in the border."""
        view = snapshot.parameter
        if view is None:
            self.set_border_texts("parameter", "")
            if snapshot.phase.is_record:
                return wrap_text(_NOT_RECORDED, room.width, "muted")
            return [(("select a parameter in the groups table", "muted"),)]
        self.set_border_texts(
            f"{view.name} {format_shape(view.shape)}",
            f"{view.group} · step {format_count(view.step)}",
        )
        return parameter_rows(view, room.width, room.height)
