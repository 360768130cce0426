"""The ``/`` line: which groups and parameters the table shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from tuitrain.app.widgets.no_markup import Horizontal, Input, Static


class FilterInput(Input):
    """The field of the filter: the table follows while one types."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "close(True)", "Keep", show=False, priority=True),
        Binding("escape", "close(False)", "Show all", show=False),
    ]

    @dataclass
    class Closed(Message):
        """The line was left; ``keep`` says whether the filter stays."""

        keep: bool

    def __init__(self) -> None:
        super().__init__(
            id="filter", compact=True, placeholder="a glob, conv* or *.bias, or a part of a name"
        )
        self.cursor_blink = False

    def action_close(self, keep: bool) -> None:
        """Leave the line."""
        self.post_message(self.Closed(keep))


class FilterLine(Horizontal):
    """The prompt and its field, shown while a filter is typed."""

    def __init__(self) -> None:
        super().__init__(id="filter-line")

    def compose(self) -> ComposeResult:
        """Compose prompt and field."""
        yield Static("/", classes="prompt")
        yield FilterInput()
