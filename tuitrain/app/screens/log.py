"""The log: what the training code prints, logs and warns of, with the steps."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tuitrain.run.snapshot import Snapshot

from ..framework.content import key_hints
from ..framework.screens import BaseDialog
from ..renderables.tables.log import LOG_LEVELS, log_summary
from ..widgets.no_markup import Input, Static, Vertical
from ..widgets.tables.log import LogView
from .help import EXPLAIN


class LogScreen(BaseDialog[None]):
    """Shows the lines of the log, filtered by level and text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        EXPLAIN,
        Binding("escape", "back", "Close", show=False),
        Binding("q,L", "close", "Close", show=False),
        Binding("slash", "filter", "Filter", show=False),
        Binding("l", "level", "Level", show=False),
        Binding("f", "follow", "Follow", show=False),
        Binding("g", "top", "First", show=False),
        Binding("enter", "leave_filter", "Keep", show=False),
    ]
    AUTO_FOCUS = "#log"

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self._snapshot = snapshot

    def compose(self) -> ComposeResult:
        """Compose the lines, the filter and the keys."""
        with Vertical(classes="dialog what-if", id="log-pane") as box:
            box.border_title = "log"
            yield LogView()
            yield Input(
                id="log-filter", compact=True, placeholder="/ shows only lines with this text"
            )
            yield Static(id="log-told", classes="hint")
            keys = "[b]/[/] filter   [b]l[/] level   [b]f[/] follow   [b]g G[/] first, last"
            yield Static(key_hints(f"{keys}   [b]esc[/] close"), classes="hint")

    def on_mount(self) -> None:
        """Show the lines so far."""
        self.query_one(Input).cursor_blink = False
        self.show_snapshot(self._snapshot)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show a snapshot's new lines."""
        self._snapshot = snapshot
        self._view.set_snapshot(snapshot)
        self._show_summary()

    @property
    def _view(self) -> LogView:
        return self.query_one(LogView)

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        self._view.show(self._view.level, event.value)

    def action_filter(self) -> None:
        """Focus the filter."""
        self.query_one(Input).focus()

    def action_leave_filter(self) -> None:
        """Focus the lines, and keep the filter."""
        self._view.focus()

    @on(Input.Submitted)
    def _keep_filter(self) -> None:
        self._view.focus()

    def action_level(self) -> None:
        """Show everything, warnings and worse, or errors alone."""
        level = LOG_LEVELS[(LOG_LEVELS.index(self._view.level) + 1) % len(LOG_LEVELS)]
        self._view.show(level, self._view.pattern)
        self._show_summary()

    def action_follow(self) -> None:
        """Follow the newest line, or stop following."""
        self._view.follows = not self._view.follows
        self._view.show(self._view.level, self._view.pattern)
        self._show_summary()

    def action_top(self) -> None:
        """Go to the first line."""
        self._view.action_move(-self._view.virtual_size.height)

    def action_back(self) -> None:
        """Leave the filter and show all; else close."""
        if isinstance(self.focused, Input):
            self.focused.value = ""
            self._view.focus()
        else:
            self.dismiss()

    def action_close(self) -> None:
        """Close the log."""
        self.dismiss()

    def _show_summary(self) -> None:
        follows = "follows" if self._view.follows else "does not follow"
        level = (
            "everything" if self._view.level == LOG_LEVELS[0] else f"{self._view.level} and worse"
        )
        summary = log_summary(self._snapshot.log, (level, follows))
        self.query_one("#log-told", Static).update(summary)
