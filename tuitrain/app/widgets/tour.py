"""The panel of the tour: what to look at, and the key to press."""

from __future__ import annotations

from collections.abc import Sequence

from textual.css.query import NoMatches

from tuitrain.run.snapshot import JournalEntry

from ..framework.content import assemble
from ..keys.keymap import key_label
from ..tour_steps import TOUR_STEPS, TourStep
from .no_markup import Static


class TourPanel(Static):
    """A panel that is visible during a tour; it marks the border of the panel that it describes."""

    def __init__(self) -> None:
        super().__init__(id="tour", classes="panel")
        self._at: int | None = None
        self._steps: Sequence[TourStep] = TOUR_STEPS
        self._seen = 0

    @property
    def active(self) -> bool:
        """Whether a tour is shown."""
        return self._at is not None

    def start(self, steps: Sequence[TourStep] = TOUR_STEPS) -> None:
        """Show the first step."""
        self._steps = steps
        self._go(0)

    def stop(self) -> None:
        """End the tour."""
        self._go(None)

    def advance_on(self, action: str) -> None:
        """Show the next step if the action is the one that this step asks for."""
        if self._at is None or self._steps[self._at].verb:
            return
        if action.rpartition(".")[2].startswith(self._steps[self._at].action):
            self._advance()

    def follow(self, journal: Sequence[JournalEntry]) -> None:
        """Show the next step if a command that this step asks for was applied."""
        new = len(journal) - self._seen
        self._seen = len(journal)
        if self._at is None or not (verb := self._steps[self._at].verb):
            return
        for entry in journal[len(journal) - max(0, new) :]:
            is_applied = entry.outcome == "applied" and entry.actor != "scenario"
            if is_applied and entry.command.split()[0] == verb:
                self._advance()
                return

    def _advance(self) -> None:
        at = (self._at or 0) + 1
        self._go(at if at < len(self._steps) else None)

    def _go(self, at: int | None) -> None:
        if self._at is not None:
            self._point(self._steps[self._at].panel, False)
        self._at = at
        self.display = at is not None
        self.screen.set_class(self.display, "-touring")
        if at is None:
            return
        stop = self._steps[at]
        self._point(stop.panel, True)
        self.border_title = f"tour {at + 1} / {len(self._steps)}"
        self.border_subtitle = "esc ends it"
        before, _, after = stop.text.partition("{key}")
        key = key_label(self.app, stop.name)
        self.update(assemble(before, (f" {key} ", "bold reverse"), after))

    def _point(self, panel: str, pointed: bool) -> None:
        try:
            self.screen.query_one(f"#{panel}").set_class(pointed, "-pointed")
        except NoMatches:
            return
