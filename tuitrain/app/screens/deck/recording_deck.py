"""The screen over the record of a run: the flight deck, whose keys move through its moments."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Final

from textual.binding import Binding, BindingType

from ...keys.other_screens import RECORDING_KEYS
from ...renderables.formatting import format_count
from ...source import RecordedSource
from ...widgets.footer import KeyFooter
from ..help import HelpScreen
from .deck import Controller, Deck
from .flight_deck import FlightDeck
from .footer_hints import recording_hints

_LONG_MOVES: Final = 50
"""The number of long moves that span a record."""

_PANEL_KEYS: Final = ("home", "end")
"""Keys that the focused panel would take otherwise."""


class RecordingDeck(FlightDeck):
    """The flight deck over a record: nothing can be steered."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, key.action, key.summary, show=False, priority=key.keys in _PANEL_KEYS)
        for key in RECORDING_KEYS
    ]
    read_only_notice = "this is a recording: it cannot be steered"

    def __init__(
        self,
        source: RecordedSource,
        clock: Callable[[], float] = time.monotonic,
        record: Path | None = None,
    ) -> None:
        super().__init__(source, clock, record, read_only=True)
        self._recording = source
        self.register([Playback(self, source)])

    def show_keys(self) -> None:
        """Show in the footer the keys that move through the record."""
        self.query_one(KeyFooter).show(recording_hints(self._recording.playing))


class Playback(Controller):
    """Moves through the moments of a record, and plays it.

    Its actions ``hold`` and ``help`` replace those of the flight deck.
    """

    def __init__(self, deck: Deck, recording: RecordedSource) -> None:
        super().__init__(deck)
        self._recording = recording

    def action_play(self) -> None:
        """Play from here, or pause."""
        if self._recording.playing:
            self._recording.pause()
        else:
            self._recording.play()
        self._show_moment()

    def action_move(self, delta: int) -> None:
        """Move by one moment; with a cursor in the charts, move the cursor."""
        deck = self.deck
        if deck.chart_view.cursor is not None:
            deck.chart_view = deck.chart_view.move_cursor(delta, deck.last_step)
        else:
            self._go(self._recording.place + delta)

    def action_leap(self, delta: int) -> None:
        """Move a fiftieth of the record; zoomed in, pan the charts."""
        deck = self.deck
        if deck.chart_view.span is not None:
            deck.chart_view = deck.chart_view.pan(delta / 4, deck.last_step)
        else:
            moments = max(1, self._recording.last // _LONG_MOVES)
            self._go(self._recording.place + delta * moments)

    def action_jump(self, delta: int) -> None:
        """Move to the next command, or to the previous one."""
        if not self._recording.jump(delta):
            where = "after" if delta > 0 else "before"
            self.deck.status.show_text(f"no command {where} this moment", "warning")
            return
        self._show_moment()
        snapshot = self._recording.snapshot()
        commands = [entry.command for entry in snapshot.journal if entry.step == snapshot.step]
        text = ": " + " · ".join(commands) if commands else ""
        self.deck.status.show_row(
            ((f"step {format_count(snapshot.step)}", "strong"), (text, "text"))
        )

    def action_end(self, which: int) -> None:
        """Move to the first moment (0) or to the last (1)."""
        self._go(which * self._recording.last)

    def action_hold(self) -> None:
        """Say how a recording is paused."""
        self.deck.status.show_text("a recording is not held: space plays or pauses it", "warning")

    def action_help(self) -> None:
        """Open the help, with the keys of a recording at its top."""
        self.deck.app.push_screen(HelpScreen(keys=RECORDING_KEYS))

    def _go(self, place: int) -> None:
        recording, status = self._recording, self.deck.status
        if recording.playing:
            recording.pause()
        elif not 0 <= place <= recording.last:
            end = "first" if place < 0 else "last"
            status.show_text(f"this is the {end} moment of the record", "warning")
        else:
            status.show_text("")
        recording.go(place)
        self._show_moment()

    def _show_moment(self) -> None:
        """Show the moment without waiting for the next refresh."""
        self.deck.snapshot = self._recording.snapshot()
