"""The panel of the tour: what to look at, and the key that is waited for."""

from __future__ import annotations

from textual.css.query import NoMatches

from tuitrain.app.keymap import written_key
from tuitrain.app.text import assembled
from tuitrain.app.tour import STOPS
from tuitrain.app.widgets.no_markup import Static


class TourPanel(Static):
    """Not there unless a tour is on. It points at a panel by marking its border."""

    def __init__(self) -> None:
        super().__init__(id="tour", classes="panel")
        self._at: int | None = None

    @property
    def on(self) -> bool:
        """Whether a tour is on."""
        return self._at is not None

    def begin(self) -> None:
        """Show the first step."""
        self._go(0)

    def end(self) -> None:
        """Go away."""
        self._go(None)

    def saw(self, action: str) -> None:
        """Go on if the action is the one that is waited for."""
        if self._at is None or not action.rpartition(".")[2].startswith(STOPS[self._at].action):
            return
        self._go(self._at + 1 if self._at + 1 < len(STOPS) else None)

    def _go(self, at: int | None) -> None:
        if self._at is not None:
            self._point(STOPS[self._at].panel, False)
        self._at = at
        self.display = at is not None
        if at is None:
            return
        stop = STOPS[at]
        self._point(stop.panel, True)
        self.border_title = f"tour {at + 1} / {len(STOPS)}"
        self.border_subtitle = "esc ends it"
        before, _, after = stop.says.partition("{key}")
        key = written_key(self.app, stop.name)
        self.update(assembled(before, (f" {key} ", "bold reverse"), after))

    def _point(self, panel: str, pointed: bool) -> None:
        try:
            self.screen.query_one(f"#{panel}").set_class(pointed, "-pointed")
        except NoMatches:
            return
