"""The ``:`` line: an input for commands, with completion and history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.suggester import Suggester

from tuitrain.run.snapshot import Snapshot

from ...completion import completions
from ..no_markup import Horizontal, Input, Static


class VocabularySuggester(Suggester):
    """Suggests verbs, groups, parameters and optimizers of the current snapshot."""

    def __init__(self, snapshot: Callable[[], Snapshot | None]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._snapshot = snapshot

    async def get_suggestion(self, value: str) -> str | None:
        """Return the first completion of a string."""
        return next(iter(completions(value, self._snapshot())), None)


class CommandInput(Input):
    """The input of the command line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", show=False),
        Binding("up", "recall(-1)", "Older", show=False),
        Binding("down", "recall(1)", "Newer", show=False),
        Binding("escape", "close", "Close", show=False),
    ]

    @dataclass
    class Closed(Message):
        """The input was closed without a command."""

    def __init__(self, snapshot: Callable[[], Snapshot | None]) -> None:
        super().__init__(
            id="command",
            compact=True,
            select_on_focus=False,
            suggester=VocabularySuggester(snapshot),
        )
        self.cursor_blink = False
        self._snapshot = snapshot
        self._history: list[str] = []
        self._recalled = 0

    def remember(self, text: str) -> None:
        """Add a submitted line to the history, unless it equals the last one."""
        if text and (not self._history or self._history[-1] != text):
            self._history.append(text)

    def open(self, text: str = "") -> None:
        """Start a new line."""
        self._recalled = len(self._history)
        self.value = text
        self.cursor_position = len(text)
        self.focus()

    def action_complete(self) -> None:
        """Accept the first completion, followed by a space."""
        suggestions = completions(self.value, self._snapshot())
        if suggestions:
            self.value = suggestions[0] + ("" if suggestions[0].endswith("=") else " ")
            self.cursor_position = len(self.value)

    def action_recall(self, delta: int) -> None:
        """Move through the history; after the newest line the input is empty."""
        self._recalled = max(0, min(len(self._history), self._recalled + delta))
        at = self._recalled
        self.value = self._history[at] if at < len(self._history) else ""
        self.cursor_position = len(self.value)

    def action_close(self) -> None:
        """Close the input."""
        self.post_message(self.Closed())


class CommandLine(Horizontal):
    """The prompt and the input, visible while the user types a command."""

    def __init__(self, snapshot: Callable[[], Snapshot | None]) -> None:
        super().__init__(id="command-line")
        self._snapshot = snapshot

    def compose(self) -> ComposeResult:
        """Compose prompt and input."""
        yield Static(":", id="prompt")
        yield CommandInput(self._snapshot)
