"""The decay dialog."""

from __future__ import annotations

import re
from typing import Final

from textual.app import ComposeResult

from tuitrain.run.snapshot import GroupView, Snapshot

from ...renderables.formatting import format_lr
from ...widgets.no_markup import Input, Static
from .preview_dialog import OPEN_STEPS, RequestPreview, RescheduleDialog

_HINT: Final = "4 is in epochs; write 500 steps, or 500s, for steps"
_HINT_OF_STEPS: Final = "500 is in steps; epochs need watch(…, steps_per_epoch=N)"

_LENGTH = re.compile(r"\s*(\d+)\s*([a-z]*)\s*")


class DecayDialog(RescheduleDialog):
    """Decays the learning rate of a group to 0; ``4`` counts epochs, ``500 s`` steps.

    Where the length of an epoch is not known, ``4`` counts steps.
    """

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
        over = "10 epochs" if self._has_epochs else f"{OPEN_STEPS} steps"
        yield Input(over, id="over", compact=True)
        yield Static(_HINT if self._has_epochs else _HINT_OF_STEPS, classes="hint")

    def command_text(self) -> str:
        """Return ``decay GROUP over N UNIT``."""
        words = self.query_one("#over", Input).value
        match = _LENGTH.fullmatch(words)
        default = "epochs" if self._has_epochs else "steps"
        over = f"{match[1]} {_unit(match[2], default)}" if match else (words.strip() or "''")
        return f"decay {self._group.name} over {over if ' ' in over else f'{over} {default}'}"

    @property
    def _has_epochs(self) -> bool:
        return self._opened_at.info.has_epochs


def _unit(word: str, default: str) -> str:
    """Return the unit that begins with some letters."""
    if not word:
        return default
    return next((unit for unit in ("epochs", "steps") if unit.startswith(word)), word)
