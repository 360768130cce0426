"""The decay dialog."""

from __future__ import annotations

import re

from textual.app import ComposeResult

from tuitrain.run.snapshot import GroupView, Snapshot

from ...renderables.formatting import format_lr
from ...widgets.no_markup import Input, Static
from .preview_dialog import RequestPreview, RescheduleDialog

_LENGTH = re.compile(r"\s*(\d+)\s*([a-z]*)\s*")


class DecayDialog(RescheduleDialog):
    """Decays the learning rate of a group to 0; ``4`` counts epochs, ``500 s`` steps."""

    verb = "decay"

    def __init__(
        self, group: GroupView, snapshot: Snapshot, request_preview: RequestPreview
    ) -> None:
        super().__init__(
            f"decay the learning rate of {group.name}", group, snapshot, request_preview
        )

    def compose_body(self) -> ComposeResult:
        """Compose the field and its hint."""
        yield Static(f"from {format_lr(self._group.lr)} to 0, over")
        yield Input("10 epochs", id="over", compact=True)
        yield Static("4 means epochs, 500 steps (or 500s) counts steps", classes="hint")

    def command_text(self) -> str:
        """Return ``decay GROUP over N UNIT``."""
        words = self.query_one("#over", Input).value
        match = _LENGTH.fullmatch(words)
        over = f"{match[1]} {_unit(match[2])}" if match else (words.strip() or "''")
        return f"decay {self._group.name} over {over if ' ' in over else over + ' epochs'}"


def _unit(word: str) -> str:
    """Return the unit that begins with some letters; epochs for none."""
    return next((unit for unit in ("epochs", "steps") if unit.startswith(word)), word)
