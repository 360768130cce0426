"""The ranks: the processes of a training in several, their step times, whether they agree."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tuitrain.run.snapshot import Snapshot

from ..framework.content import key_hints
from ..framework.screens import BaseDialog
from ..renderables.tables.ranks import ranks_summary
from ..widgets.no_markup import Static, Vertical
from ..widgets.tables.ranks import RanksView
from .help import EXPLAIN


class RanksScreen(BaseDialog[None]):
    """Shows the reports of the ranks, which come about once a second."""

    BINDINGS: ClassVar[list[BindingType]] = [
        EXPLAIN,
        Binding("escape,q,M", "close", "Close", show=False),
    ]
    AUTO_FOCUS = "#ranks"

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self._snapshot = snapshot

    def compose(self) -> ComposeResult:
        """Compose the table, its summary and the keys."""
        with Vertical(classes="dialog what-if", id="ranks-pane") as box:
            box.border_title = "ranks"
            yield RanksView()
            yield Static(id="ranks-summary", classes="hint")
            yield Static("own part: a step up to its backward pass", classes="hint")
            yield Static(key_hints("[b]↑ ↓[/] scroll   [b]esc[/] close"), classes="hint")

    def on_mount(self) -> None:
        """Show the newest reports."""
        self.show_snapshot(self._snapshot)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show the reports of a snapshot."""
        self._snapshot = snapshot
        self.query_one(RanksView).snapshot = snapshot
        self.query_one("#ranks-summary", Static).update(ranks_summary(snapshot.ranks))

    def action_close(self) -> None:
        """Return to the deck."""
        self.dismiss()
