"""The header: title, state, progress and throughput of the run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from textual.geometry import Size

from tuitrain.run.snapshot import Snapshot

from ..renderables.header import header_rows
from ..renderables.rows import Row
from .rows_view import RowsView


class RunHeader(RowsView):
    """The two lines at the top of the screen."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, read_only: bool = False
    ) -> None:
        super().__init__(id="header")
        self._read_only = read_only
        self._clock = clock
        self._stalled = False

    def set_stalled(self, stalled: bool) -> None:
        """Set whether the header says that the display is not updated."""
        self._stalled = stalled
        self.redraw()

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Draw title, state and progress."""
        return header_rows(snapshot, room.width, self._clock(), self._stalled, self._read_only)
