"""The banner of a starting or failed run."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size

from tuitrain.run.snapshot import Phase, Snapshot

from ..renderables.header import banner_rows
from ..renderables.rows import Row
from .rows_view import RowsView


class Banner(RowsView):
    """A panel above the deck, as high as its text; hidden in other phases."""

    def __init__(self) -> None:
        super().__init__(id="banner")
        self._shown: tuple[Phase, str] | None = None

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Wrap the note into rows."""
        return banner_rows(snapshot, room.width)

    def watch_snapshot(self) -> None:
        """Show or hide the banner by the phase."""
        if self.snapshot is None or (self.snapshot.phase, self.snapshot.note) == self._shown:
            return
        self._shown = self.snapshot.phase, self.snapshot.note
        failed = self.snapshot.phase is Phase.FAILED
        self.display = failed or self.snapshot.phase is Phase.STARTING
        self.set_class(failed, "failed")
        self.border_title = "✗ the run failed" if failed else "starting"
        self.redraw()
