"""The panel of the tour: what to look at, and the key to press."""

from __future__ import annotations

from textual.css.query import NoMatches

from ..framework.content import assemble
from ..keys.keymap import key_label
from ..tour_steps import TOUR_STEPS
from .no_markup import Static


class TourPanel(Static):
    """A panel that is visible during a tour; it marks the border of the panel that it describes."""

    def __init__(self) -> None:
        super().__init__(id="tour", classes="panel")
        self._at: int | None = None

    @property
    def active(self) -> bool:
        """Whether a tour is shown."""
        return self._at is not None

    def start(self) -> None:
        """Show the first step."""
        self._go(0)

    def stop(self) -> None:
        """End the tour."""
        self._go(None)

    def advance_on(self, action: str) -> None:
        """Show the next step if the action is the one that this step asks for."""
        if self._at is None or not action.rpartition(".")[2].startswith(
            TOUR_STEPS[self._at].action
        ):
            return
        self._go(self._at + 1 if self._at + 1 < len(TOUR_STEPS) else None)

    def _go(self, at: int | None) -> None:
        if self._at is not None:
            self._point(TOUR_STEPS[self._at].panel, False)
        self._at = at
        self.display = at is not None
        if at is None:
            return
        stop = TOUR_STEPS[at]
        self._point(stop.panel, True)
        self.border_title = f"tour {at + 1} / {len(TOUR_STEPS)}"
        self.border_subtitle = "esc ends it"
        before, _, after = stop.text.partition("{key}")
        key = key_label(self.app, stop.name)
        self.update(assemble(before, (f" {key} ", "bold reverse"), after))

    def _point(self, panel: str, pointed: bool) -> None:
        try:
            self.screen.query_one(f"#{panel}").set_class(pointed, "-pointed")
        except NoMatches:
            return
