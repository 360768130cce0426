"""The decay dialog: how long, and what the learning rate will be until then."""

from __future__ import annotations

import re

import numpy as np
from textual.app import ComposeResult
from textual.widgets import Input, Static

from tuitrain.app.renderables.formatting import rate
from tuitrain.app.widgets.curves import DecayPreview
from tuitrain.commands import AnyCommand, Decay
from tuitrain.errors import CommandError
from tuitrain.run.snapshot import GroupView, Series, Snapshot

from .dialog import CommandDialog

_LENGTH = re.compile(r"\s*(\d+)\s*([a-z]*)\s*")


class DecayDialog(CommandDialog):
    """Lets the learning rate of a group fall to zero; ``4`` means epochs, ``500 s`` steps."""

    def __init__(self, group: GroupView, snapshot: Snapshot) -> None:
        super().__init__(f"decay the learning rate of {group.name}")
        self._group = group
        self._snapshot = snapshot

    def body(self) -> ComposeResult:
        """Compose the field and the curve to come."""
        yield Static(f"from {rate(self._group.lr)} to 0, over", markup=False)
        yield Input("10 epochs", id="over", compact=True)
        yield Static("4 means epochs, 500 steps (or 500s) counts steps", classes="hint")
        preview = DecayPreview()
        preview.snapshot = self._snapshot
        yield preview

    def line(self) -> str:
        """Return ``decay GROUP over N UNIT``."""
        words = self.query_one("#over", Input).value
        match = _LENGTH.fullmatch(words)
        over = f"{match[1]} {_unit(match[2])}" if match else (words.strip() or "''")
        return f"decay {self._group.name} over {over if ' ' in over else over + ' epochs'}"

    def preview(self) -> None:
        """Show the line and the curve."""
        super().preview()
        try:
            command = self.command()
        except CommandError:
            return
        curve = future(command, self._group.lr, self._snapshot)
        self.query_one(DecayPreview).preview(curve, self._group.lr)


def _unit(word: str) -> str:
    """Complete a unit from its first letters; nothing means epochs."""
    return next((unit for unit in ("epochs", "steps") if unit.startswith(word)), word)


def future(command: AnyCommand, lr: float, snapshot: Snapshot) -> Series:
    """Return the learning rate that a decay started now gives, step by step.

    By epochs it is a staircase, whole in the epoch it starts in and lr/T in the last; by steps a
    straight line.
    """
    assert isinstance(command, Decay)
    per_epoch = max(1, snapshot.title.steps_per_epoch)
    length = command.over * (per_epoch if command.unit == "epochs" else 1)
    steps = np.unique(np.linspace(0, length, min(length, 4000) + 1).astype(np.int64))
    taken = steps // per_epoch if command.unit == "epochs" else steps
    values = lr * np.clip(1 - taken / command.over, 0, 1)
    return Series(steps + snapshot.step, values)
