"""The base of the close looks: whole screens over the flight deck, which ask the run to be shown.

What is steered from one of them is steered by the deck's own actions, on what is selected here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tuitrain.app.keys import KEYS, Key
from tuitrain.app.keys.keymap import key_label
from tuitrain.app.keys.other_screens import INSPECTION_KEYS
from tuitrain.app.renderables.footer import Hint
from tuitrain.app.renderables.heatmaps.heatmap import GlyphSet
from tuitrain.app.renderables.rows import Row, wrap_text
from tuitrain.app.renderables.tables.groups import TableRow
from tuitrain.app.widgets.footer import KeyFooter
from tuitrain.app.widgets.header import RunHeader
from tuitrain.app.widgets.heatmaps.heat_view import HeatView
from tuitrain.app.widgets.rows_view import RowsView
from tuitrain.app.widgets.status_line import StatusLine
from tuitrain.engines.inspection import FailedInspection, Inspection, InspectionRequest
from tuitrain.run.snapshot import Phase, Snapshot

from ...framework.screens import BaseScreen
from ..help import HelpScreen

_STEERS = ("toggle_pause", "step", "toggle_freeze", "set_lr", "swap_optimizer", "undo")
"""The deck's actions that are there in every view, and act on what is selected in it."""

_SWITCHES = ("weights", "network", "batch")
"""Those that open the views."""


def _from_the_deck(key: Key) -> Binding:
    """Return what a key of the deck does in a view; the views' own keys come before it."""
    if key.action in _STEERS:
        act = f"steer('{key.action}')"
    elif key.action in _SWITCHES:
        act = f"switch('{key.action}')"
    elif key.name == "help":
        act = "help"
    else:
        act = f"elsewhere('{key.name}')"
    return replace(key, action=act, needs_cursor=False).binding(key.name)


def _acts_on_the_deck(key: Key) -> bool:
    """Whether a key has an action there, and none of its own in all views."""
    taken = {each for view in INSPECTION_KEYS for each in view.keys.split(",")}
    its = key.action and not key.action.startswith("app.")
    return bool(its) and not taken & {*key.keys.split(",")}


WAITING = "the run shows it at its next step boundary"


class InspectionHost(Protocol):
    """What an inspector screen needs of the screen that it was opened from."""

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
    """Header, what is looked at, the answer to what was sent, and the keys.

    Parameters
    ----------
    host : gives the run, and acts on it
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *(key.binding() for key in INSPECTION_KEYS),
        *(_from_the_deck(key) for key in KEYS if _acts_on_the_deck(key)),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (104, "-wide"), (180, "-vast")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]

    shows: ClassVar[str] = ""
    """The deck's action that opens this screen."""

    keys_here: ClassVar[tuple[Key, ...]] = ()
    """The keys that this view has besides those that all have."""

    def __init__(self, host: InspectionHost) -> None:
        super().__init__()
        self.host = host
        self.seen: Inspection | None = None
        """What the run has shown of what is asked for."""

    def compose(self) -> ComposeResult:
        """Compose the frame around a view's own part."""
        yield RunHeader()
        yield from self.body()
        yield StatusLine()
        yield KeyFooter()

    def body(self) -> ComposeResult:
        """Compose what is looked at; a view's own part."""
        raise NotImplementedError

    def asked(self) -> InspectionRequest:
        """Return what the run shall show; a view's own part."""
        raise NotImplementedError

    def hints(self) -> list[Hint]:
        """Name the keys that this view has besides those that all have; its own part."""
        raise NotImplementedError

    @property
    def panels(self) -> Sequence[RowsView]:
        """The panels that draw what is seen."""
        return [*self.query(".seen").results(RowsView)]

    @property
    def chosen(self) -> Sequence[TableRow]:
        """The rows that are acted on from here; none if the view has no selection."""
        return ()

    def on_mount(self) -> None:
        """Ask for what is shown here."""
        self.ask()

    def ask(self) -> None:
        """Ask the run, and show that it was asked."""
        self.seen = None
        self.host.inspect(self.asked())
        self._draw()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Take in what the run shows now; what is drawn already is not drawn again."""
        for frame in (self.query_one(RunHeader), self.query_one(KeyFooter)):
            if frame.snapshot is not snapshot:
                frame.snapshot = snapshot
        self._answer(snapshot)
        fresh = snapshot.inspection is not None and snapshot.inspection is not self.seen
        if (
            fresh
            and snapshot.inspection is not None
            and snapshot.inspection.request == self.asked()
        ):
            self.seen = snapshot.inspection
            self._draw(snapshot)
        self.query_one(KeyFooter).show([*self.hints(), *self._common(snapshot)])

    def _answer(self, snapshot: Snapshot) -> None:
        """Say what the deck says: the answer to what was sent from here."""
        status = self.query_one(StatusLine)
        status.snapshot = snapshot
        if status.message != self.host.status.message:
            status.show_row(self.host.status.message)

    def _draw(self, snapshot: Snapshot | None = None) -> None:
        for panel in self.panels:
            panel.snapshot = snapshot or self.host.snapshot

    def instead(self, width: int) -> list[Row]:
        """Say why there is nothing to see yet."""
        if isinstance(self.seen, FailedInspection):
            return wrap_text(f"this cannot be shown: {self.seen.reason}", width, "warning")
        return wrap_text(WAITING, width, "muted")

    def _common(self, snapshot: Snapshot) -> list[Hint]:
        paused = snapshot.phase is Phase.PAUSED
        names = {"weights": "weights", "network": "network", "batch": "images"}
        pause = "resume" if paused else "pause"
        space = key_label(self.app, "pause")
        return [
            Hint(space, pause, pause, "steer('toggle_pause')", self.host.can_steer, 1),
            *(
                Hint(key_label(self.app, view), name, name, f"switch('{view}')", drop_order=3)
                for view, name in names.items()
                if view != self.shows
            ),
            *(
                [Hint("c", "letters", "letters", "ink", drop_order=4)]
                if self.query(HeatView)
                else []
            ),
            Hint("esc", "close", "close", "close"),
        ]

    def action_steer(self, act: str) -> None:
        """Do what a key of the deck does, to what is selected here."""
        self.host.run_on(self.chosen, act)
        if (snapshot := self.host.snapshot) is not None:
            self._answer(snapshot)

    def action_ink(self) -> None:
        """Draw with letters, or with colours again."""
        for panel in self.query(HeatView):
            panel.glyphs = GlyphSet.LETTERS if panel.glyphs is GlyphSet.BLOCKS else GlyphSet.BLOCKS

    def action_switch(self, view: str) -> None:
        """Look at something else."""
        if view != self.shows:
            self.action_close()
            self.host.run_on(self.chosen, view)

    def action_elsewhere(self, name: str) -> None:
        """Say that a key acts on the deck, and how to get there."""
        said = f"{key_label(self.app, name)} acts on the deck: esc goes back there"
        self.host.status.show_text(said, "warning")
        if (snapshot := self.host.snapshot) is not None:
            self._answer(snapshot)

    def action_help(self) -> None:
        """Open the help, with the keys of this view at its top."""
        self.app.push_screen(HelpScreen(keys=(*self.keys_here, *INSPECTION_KEYS)))

    def action_close(self) -> None:
        """Go back to the deck; what is not looked at costs nothing."""
        self.host.inspect(None)
        self.dismiss()
