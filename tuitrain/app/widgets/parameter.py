"""The panel of the selected parameter."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size

from tuitrain.app.renderables.formatting import count, shape
from tuitrain.app.renderables.histograms.parameter import parameter_rows
from tuitrain.app.renderables.rows import Row, wrapped
from tuitrain.run.snapshot import Snapshot

from .rows_view import RowsView

_UNKNOWN = "values and gradients are in checkpoints alone, and there is none before this step"


class ParameterPanel(RowsView):
    """Value and gradient of the parameter that the run was asked to watch."""

    own_turn = 2

    def __init__(self) -> None:
        super().__init__(id="parameter", classes="panel")

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Draw the parameter, and name it in the border."""
        view = snapshot.parameter
        if view is None:
            self.name_borders("parameter", "")
            if snapshot.phase.is_record:
                return wrapped(_UNKNOWN, room.width, "muted")
            return [(("select a parameter in the groups table", "muted"),)]
        self.name_borders(
            f"{view.name} {shape(view.shape)}", f"{view.group} · step {count(view.step)}"
        )
        return parameter_rows(view, room.width, room.height)
