"""The ``/`` line: an input for the filter of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from ..no_markup import Horizontal, Input, Static


class FilterInput(Input):
    """The input of the filter, which applies while the user types."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "close(True)", "Keep", show=False, priority=True),
        Binding("escape", "close(False)", "Show all", show=False),
    ]

    @dataclass
    class Closed(Message):
        """The input was closed; ``keep`` says whether the filter stays."""

        keep: bool

    def __init__(self) -> None:
        super().__init__(
            id="filter", compact=True, placeholder="a glob, conv* or *.bias, or a part of a name"
        )
        self.cursor_blink = False

    def action_close(self, keep: bool) -> None:
        """Close the input."""
        self.post_message(self.Closed(keep))


class FilterLine(Horizontal):
    """The prompt and the input; the screen has the class ``-filtering`` while the user types."""

    def __init__(self) -> None:
        super().__init__(id="filter-line")

    def compose(self) -> ComposeResult:
        """Compose prompt and input."""
        yield Static("/", classes="prompt")
        yield FilterInput()

    def open(self) -> None:
        """Show the line, and focus its input."""
        self.screen.add_class("-filtering")
        self.query_one(FilterInput).focus()

    def close(self, keep: bool) -> None:
        """Hide the line, and end the filter unless it is to be kept."""
        self.screen.remove_class("-filtering")
        if not keep:
            self.end_filter()

    def end_filter(self) -> None:
        """Show all rows again."""
        self.query_one(FilterInput).value = ""
