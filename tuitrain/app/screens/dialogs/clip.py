"""The clip dialog: what gradients are clipped by, and what that does to the next update."""

from __future__ import annotations

import math

from textual.app import ComposeResult

from tuitrain.app.renderables.formatting import format_number
from tuitrain.app.widgets.no_markup import Horizontal, Input, Option, OptionList, Static, Vertical
from tuitrain.run.snapshot import Snapshot

from .preview_dialog import PreviewDialog, RequestPreview

_KINDS = ("norm", "value", "off")


class ClipDialog(PreviewDialog):
    """Clips the gradients of every update: their total norm, or each value."""

    verb = "clip"

    def __init__(self, snapshot: Snapshot, ask: RequestPreview) -> None:
        super().__init__("clip the gradients", snapshot, ask)
        self._kind, _, self._limit = (snapshot.clip or "norm 1").partition(" ")

    def body(self) -> ComposeResult:
        """Compose the kinds, the limit, and how long the gradients are now."""
        snapshot = self._snapshot
        norms = [each.grad_norm for each in snapshot.groups if math.isfinite(each.grad_norm)]
        told = "   ".join(
            f"{each.name} {format_number(each.grad_norm)}"
            for each in snapshot.groups
            if math.isfinite(each.grad_norm)
        )
        now = f"now clipped by {snapshot.clip}" if snapshot.clip else "now they are not clipped"
        yield Static(now)
        yield Static(
            f"their norm: {format_number(math.hypot(*norms))} in all   {told}"
            if norms
            else "no norm yet",
            classes="hint",
        )
        with Horizontal(id="choice"):
            yield OptionList(*(Option(kind, id=kind) for kind in _KINDS), compact=True)
            with Vertical():
                yield Static("limit", classes="label")
                yield Input(self._limit, id="limit", compact=True)

    def more_keys(self) -> str:
        """Name the keys to move about."""
        return "   [b]↑ ↓[/] choose   [b]tab[/] limit"

    def on_mount(self) -> None:
        """Begin with what is on."""
        self.query_one(OptionList).highlighted = _KINDS.index(self._kind)
        super().on_mount()

    def line(self) -> str:
        """Return ``clip KIND LIMIT`` or ``clip off``."""
        option = self.query_one(OptionList).highlighted_option
        kind = (option.id if option is not None else "") or ""
        limit = self.query_one("#limit", Input).value.strip()
        return "clip off" if kind == "off" else f"clip {kind} {limit}"
