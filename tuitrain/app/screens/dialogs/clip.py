"""The dialog of gradient clipping."""

from __future__ import annotations

import math

from textual.app import ComposeResult

from tuitrain.run.snapshot import Snapshot

from ...renderables.formatting import format_number
from ...widgets.no_markup import Horizontal, Input, Option, OptionList, Static, Vertical
from .preview_dialog import PreviewDialog, RequestPreview

_KINDS = ("norm", "value", "off")


class ClipDialog(PreviewDialog):
    """Clips the gradients of every update: their total norm, or each value."""

    verb = "clip"

    def __init__(self, snapshot: Snapshot, request_preview: RequestPreview) -> None:
        super().__init__("clip the gradients", snapshot, request_preview)
        self._kind, _, self._limit = (snapshot.clip or "norm 1").partition(" ")

    def compose_body(self) -> ComposeResult:
        """Compose the kinds, the limit, and the present norms of the gradients."""
        snapshot = self._snapshot
        norms = [group.grad_norm for group in snapshot.groups if math.isfinite(group.grad_norm)]
        group_norms = "   ".join(
            f"{group.name} {format_number(group.grad_norm)}"
            for group in snapshot.groups
            if math.isfinite(group.grad_norm)
        )
        now = f"now clipped by {snapshot.clip}" if snapshot.clip else "now not clipped"
        yield Static(now)
        yield Static(
            f"total norm: {format_number(math.hypot(*norms))}   {group_norms}"
            if norms
            else "no norm yet",
            classes="hint",
        )
        with Horizontal(id="choice"):
            yield OptionList(*(Option(kind, id=kind) for kind in _KINDS), compact=True)
            with Vertical():
                yield Static("limit", classes="label")
                yield Input(self._limit, id="limit", compact=True)

    def extra_keys(self) -> str:
        """Return the keys that select and move."""
        return "   [b]↑ ↓[/] choose   [b]tab[/] limit"

    def on_mount(self) -> None:
        """Select the present kind."""
        self.query_one(OptionList).highlighted = _KINDS.index(self._kind)
        super().on_mount()

    def command_text(self) -> str:
        """Return ``clip KIND LIMIT`` or ``clip off``."""
        option = self.query_one(OptionList).highlighted_option
        kind = (option.id if option is not None else "") or ""
        limit = self.query_one("#limit", Input).value.strip()
        return "clip off" if kind == "off" else f"clip {kind} {limit}"
