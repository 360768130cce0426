"""The base of the inspector screens: screens over the deck that request an inspection of the run.

Their commands are the deck's actions, run on the rows that are selected here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tuitrain.engines.inspection import FailedInspection, Inspection, InspectionRequest
from tuitrain.run.snapshot import Phase, Snapshot

from ...framework.screens import BaseScreen
from ...keys import KEYS, Key
from ...keys.keymap import key_label
from ...keys.other_screens import INSPECTION_KEYS
from ...renderables.footer import Hint
from ...renderables.heatmaps.heatmap import GlyphSet
from ...renderables.rows import Row, wrap_text
from ...renderables.tables.groups import TableRow
from ...widgets.footer import KeyFooter
from ...widgets.header import RunHeader
from ...widgets.heatmaps.heat_view import HeatView
from ...widgets.rows_view import RowsView
from ...widgets.status_line import StatusLine
from ..help import HelpScreen

_STEERS = ("toggle_pause", "step", "toggle_freeze", "set_lr", "swap_optimizer", "undo")
"""The deck's actions that every inspector screen has, for its own selection."""

_SWITCHES = ("weights", "network", "batch")
"""The deck's actions that open the inspector screens."""


def _deck_binding(key: Key) -> Binding:
    """Return the binding of a deck's key in an inspector screen, whose own keys come before it."""
    if key.action in _STEERS:
        action = f"steer('{key.action}')"
    elif key.action in _SWITCHES:
        action = f"switch('{key.action}')"
    elif key.name == "help":
        action = "help"
    else:
        action = f"elsewhere('{key.name}')"
    return replace(key, action=action, needs_cursor=False).binding(key.name)


def _is_deck_key(key: Key) -> bool:
    """Return whether a key has an action on the deck, and no own one in all inspector screens."""
    own_keys = {name for own in INSPECTION_KEYS for name in own.keys.split(",")}
    acts = key.action and not key.action.startswith("app.")
    return bool(acts) and not own_keys & {*key.keys.split(",")}


WAITING = "the run shows it at its next step boundary"
PREPARING = "the run has ended, and is computing this view"


class InspectionHost(Protocol):
    """The screen that an inspector screen was opened from."""

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest snapshot of the run."""
        ...

    @property
    def status(self) -> StatusLine:
        """The line that shows replies to commands."""
        ...

    @property
    def can_steer(self) -> bool:
        """Whether the run takes commands."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether this screen steers no run."""
        ...

    def is_frozen(self, row: TableRow) -> bool:
        """Return whether everything that a row names is frozen."""
        ...

    def inspect(self, request: InspectionRequest | None) -> None:
        """Request the inspection of coming snapshots; None ends it."""
        ...

    def run_on(self, rows: Sequence[TableRow], action: str) -> None:
        """Run an action of the deck on rows."""
        ...


class InspectorScreen(BaseScreen[None]):
    """Header, the inspected part, the reply line, and the keys.

    Parameters
    ----------
    host : provides the run, and runs actions on it
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *(key.binding() for key in INSPECTION_KEYS),
        *(_deck_binding(key) for key in KEYS if _is_deck_key(key)),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (104, "-wide"), (180, "-vast")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]

    opened_by: ClassVar[str] = ""
    """The deck's action that opens this screen."""

    own_keys: ClassVar[tuple[Key, ...]] = ()
    """The keys of this screen, besides those of all inspector screens."""

    def __init__(self, host: InspectionHost) -> None:
        super().__init__()
        self.host = host
        self.inspection: Inspection | None = None
        """The run's answer to the request; None until it comes."""

    def compose(self) -> ComposeResult:
        """Compose the frame around the inspected part."""
        yield RunHeader(read_only=self.host.read_only)
        yield from self.compose_body()
        yield StatusLine()
        yield KeyFooter()

    def compose_body(self) -> ComposeResult:
        """Compose the inspected part."""
        raise NotImplementedError

    def request(self) -> InspectionRequest:
        """Return the request to the run."""
        raise NotImplementedError

    def own_hints(self) -> list[Hint]:
        """Return the footer hints of this screen's own keys."""
        raise NotImplementedError

    @property
    def panels(self) -> Sequence[RowsView]:
        """The panels that draw the inspection."""
        return [*self.query(".seen").results(RowsView)]

    @property
    def has_pictures(self) -> bool:
        """Whether something is drawn with colors, or with letters in their place."""
        return bool(self.query(HeatView))

    @property
    def targets(self) -> Sequence[TableRow]:
        """The rows that commands act on; none if the screen has no selection."""
        return ()

    def on_mount(self) -> None:
        """Request the inspection."""
        self.request_inspection()

    def request_inspection(self) -> None:
        """Request the inspection, and clear the last answer."""
        self.inspection = None
        self.host.inspect(self.request())
        self._draw()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show a snapshot; an inspection that is drawn already is not drawn again."""
        for frame in (self.query_one(RunHeader), self.query_one(KeyFooter)):
            if frame.snapshot is not snapshot:
                frame.snapshot = snapshot
        self._show_reply(snapshot)
        fresh = snapshot.inspection is not None and snapshot.inspection is not self.inspection
        if (
            fresh
            and snapshot.inspection is not None
            and snapshot.inspection.request == self.request()
        ):
            self.inspection = snapshot.inspection
            self._draw(snapshot)
        self.query_one(KeyFooter).show([*self.own_hints(), *self._common_hints(snapshot)])

    def _show_reply(self, snapshot: Snapshot) -> None:
        """Show the deck's reply to a command from here."""
        status = self.query_one(StatusLine)
        status.snapshot = snapshot
        if status.message != self.host.status.message:
            status.show_row(self.host.status.message)

    def _draw(self, snapshot: Snapshot | None = None) -> None:
        for panel in self.panels:
            panel.snapshot = snapshot or self.host.snapshot

    def placeholder_rows(self, width: int) -> list[Row]:
        """Return why there is nothing to show yet."""
        if isinstance(self.inspection, FailedInspection):
            return wrap_text(f"this cannot be shown: {self.inspection.reason}", width, "warning")
        snapshot = self.host.snapshot
        has_ended = snapshot is not None and snapshot.phase.ended
        return wrap_text(PREPARING if has_ended else WAITING, width, "muted")

    def _common_hints(self, snapshot: Snapshot) -> list[Hint]:
        paused = snapshot.phase is Phase.PAUSED
        names = {"weights": "weights", "network": "network", "batch": "samples"}
        pause = "resume" if paused else "pause"
        space = key_label(self.app, "pause")
        return [
            Hint(space, pause, pause, "steer('toggle_pause')", self.host.can_steer, 1),
            *(
                Hint(key_label(self.app, view), name, name, f"switch('{view}')", drop_order=3)
                for view, name in names.items()
                if view != self.opened_by
            ),
            *([Hint("c", "letters", "letters", "ink", drop_order=4)] if self.has_pictures else []),
            Hint("esc", "close", "close", "close"),
        ]

    def action_steer(self, action: str) -> None:
        """Run an action of the deck on the selection."""
        self.host.run_on(self.targets, action)
        if (snapshot := self.host.snapshot) is not None:
            self._show_reply(snapshot)

    def action_ink(self) -> None:
        """Draw with letters, or with colors."""
        for panel in self.query(HeatView):
            panel.glyphs = GlyphSet.LETTERS if panel.glyphs is GlyphSet.BLOCKS else GlyphSet.BLOCKS

    def action_switch(self, view: str) -> None:
        """Open another inspector screen."""
        if view != self.opened_by:
            self.action_close()
            self.host.run_on(self.targets, view)

    def action_elsewhere(self, name: str) -> None:
        """Show that a key acts on the deck only."""
        text = f"{key_label(self.app, name)} acts on the deck: esc goes back there"
        self.host.status.show_text(text, "warning")
        if (snapshot := self.host.snapshot) is not None:
            self._show_reply(snapshot)

    def action_help(self) -> None:
        """Open the help, with the keys of this screen at its top."""
        self.app.push_screen(HelpScreen(keys=(*self.own_keys, *INSPECTION_KEYS)))

    def action_close(self) -> None:
        """Return to the deck, and end the inspection: it costs time in every step."""
        self.host.inspect(None)
        self.dismiss()
