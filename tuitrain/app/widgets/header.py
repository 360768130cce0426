"""The header: what is trained, how far it is, how fast it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from textual.geometry import Size

from tuitrain.app.renderables.header import header_rows
from tuitrain.app.renderables.rows import Row
from tuitrain.run.snapshot import Snapshot

from .rows_view import RowsView


class RunHeader(RowsView):
    """Two lines over everything else."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(id="header")
        self._clock = clock
        self._held = False

    def set_stalled(self, held: bool) -> None:
        """Say that the display stands still, or no longer."""
        self._held = held
        self.redraw()

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Draw title, state and progress."""
        return header_rows(snapshot, room.width, self._clock(), self._held)
