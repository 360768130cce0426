"""A radio button whose mark is full or empty: what is chosen is not told by colour alone."""

from __future__ import annotations

from tuitrain.app.widgets.no_markup import RadioButton


class Radio(RadioButton):
    """Drawn as ● while it is chosen, else as ○."""

    def on_mount(self) -> None:
        """Draw what is chosen at first."""
        self._mark()

    def watch_value(self) -> None:
        """Draw the choice, and tell it."""
        self._mark()
        super().watch_value()

    def _mark(self) -> None:
        self.BUTTON_INNER = "●" if self.value else "○"
        self.refresh()
