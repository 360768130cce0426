"""The screen over the record of a run: the flight deck, whose keys go through the moments."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Final

from textual.binding import Binding, BindingType

from tuitrain.app.keys.other_screens import RECORDING_KEYS
from tuitrain.app.renderables.footer import Hint
from tuitrain.app.renderables.formatting import format_count
from tuitrain.app.source import RecordedSource
from tuitrain.app.widgets.footer import KeyFooter

from ..help import HelpScreen
from .flight_deck import FlightDeck

_JUMPS: Final = 50
"""A record is crossed in so many long jumps."""

_READ_ONLY: Final = "this is a recording: you can look at it, and not steer it"

_TAKEN: Final = ("home", "end")
"""Keys that the focused panel would take otherwise."""

_FROM_THE_DECK: Final = (
    ("]", "chart", "quantity(1)", 6),
    ("R", "runs", "runs", 2),
    ("x", "read", "cross_hair", 7),
    ("E", "export", "export", 8),
    ("?", "help", "help", 0),
    ("q", "quit", "quit", 0),
)


class RecordingDeck(FlightDeck):
    """Shows a record. Everything is as on the flight deck, but that nothing can be steered."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(each.keys, each.action, each.summary, show=False, priority=each.keys in _TAKEN)
        for each in RECORDING_KEYS
    ]

    def __init__(
        self,
        source: RecordedSource,
        clock: Callable[[], float] = time.monotonic,
        record: Path | None = None,
    ) -> None:
        super().__init__(source, clock, record, read_only=True)
        self._recorded = source

    def action_play(self) -> None:
        """Play on from here, or stand still."""
        if self._recorded.playing:
            self._recorded.pause()
        else:
            self._recorded.play()
        self._see()

    def action_move(self, by: int) -> None:
        """Go a moment on or back; with a cross-hair in the charts, move that."""
        if self.chart_view.cross is not None:
            self.chart_view = self.chart_view.move_crosshair(by, self._last)
        else:
            self._go(self._recorded.place + by)

    def action_leap(self, by: int) -> None:
        """Go a long way; where a part of the run is charted, move that part."""
        if self.chart_view.span is not None:
            self.action_pan(by / 4)
        else:
            self._go(self._recorded.place + by * max(1, self._recorded.last // _JUMPS))

    def action_jump(self, by: int) -> None:
        """Go to where something was asked."""
        if not self._recorded.jump(by):
            where = "after" if by > 0 else "before"
            self.status.show_text(f"nothing was asked {where} this moment", "warning")
            return
        self._see()
        self._say_what_was_asked()

    def action_end(self, which: int) -> None:
        """Go to the first moment or the last."""
        self._go(which * self._recorded.last)

    def action_hold(self) -> None:
        """Say how a recording stands still."""
        self.status.show_text("a recording stands still by itself: space plays it", "warning")

    def action_help(self) -> None:
        """Open the help, with the keys of a recording at its top."""
        self.app.push_screen(HelpScreen(keys=RECORDING_KEYS))

    def _go(self, place: int) -> None:
        if self._recorded.playing:
            self._recorded.pause()
        elif not 0 <= place <= self._recorded.last:
            end = "first" if place < 0 else "last"
            self.status.show_text(f"this is the {end} moment of the record", "warning")
        else:
            self.status.show_text("")
        self._recorded.go(place)
        self._see()

    def _say_what_was_asked(self) -> None:
        snapshot = self._recorded.snapshot()
        words = [each.command for each in snapshot.journal if each.step == snapshot.step]
        said = ": " + " · ".join(words) if words else ""
        self.status.show_row(((f"step {format_count(snapshot.step)}", "strong"), (said, "text")))

    def _see(self) -> None:
        """Show the moment at once."""
        self.snapshot = self._recorded.snapshot()

    def _ended(self, goes_back: bool = False) -> bool:
        """Say why nothing can be steered."""
        del goes_back
        self.status.show_text(_READ_ONLY, "warning")
        return True

    def show_keys(self) -> None:
        """Name in the footer what goes through the record."""
        now = {"play": "stop"} if self._recorded.playing else {}
        hints = [
            Hint(
                each.written,
                now.get(each.action, each.label),
                now.get(each.action, each.compact_label),
                each.action,
                True,
                each.drop_order,
            )
            for each in RECORDING_KEYS
            if each.label
        ]
        hints += [
            Hint(key, does, does, act, True, spare) for key, does, act, spare in _FROM_THE_DECK
        ]
        self.query_one(KeyFooter).show(hints)
