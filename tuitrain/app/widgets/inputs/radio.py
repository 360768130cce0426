"""A radio button whose mark is full or empty, so that it does not depend on color."""

from __future__ import annotations

from ..no_markup import RadioButton


class Radio(RadioButton):
    """A radio button with the mark ● if it is chosen, otherwise ○."""

    def on_mount(self) -> None:
        """Draw the initial state."""
        self._mark()

    def watch_value(self) -> None:
        """Draw the new state, and post the change."""
        self._mark()
        super().watch_value()

    def _mark(self) -> None:
        self.BUTTON_INNER = "●" if self.value else "○"
        self.refresh()
