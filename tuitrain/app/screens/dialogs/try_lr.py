"""The dialog that tries learning rates; with many candidates it is an lr finder."""

from __future__ import annotations

import math
from typing import Final

from textual import on
from textual.app import ComposeResult

from tuitrain.commands import TryLr
from tuitrain.errors import CommandError
from tuitrain.run.snapshot import GroupView, Snapshot

from ...renderables.formatting import format_count, format_duration, format_lr
from ...widgets.no_markup import Horizontal, Input, Option, OptionList, Static, Vertical
from .command_dialog import CommandDialog

PRESETS: Final = {
    "lower, higher": ("x0.1, x1, x10", 200),
    "close by": ("x0.5, x1, x2", 200),
    "lr finder": ("x0.01, x0.03, x0.1, x0.3, x1, x3, x10, x30, x100", 100),
}
"""Candidates and steps by the name of the preset."""


class TryDialog(CommandDialog):
    """Tries learning rates of a group side by side, and returns to the present step."""

    verb = "try"

    def __init__(self, group: GroupView, snapshot: Snapshot, preset: str = "lower, higher") -> None:
        super().__init__(f"try learning rates of {group.name}")
        self._group = group
        self._snapshot = snapshot
        self._preset = preset

    def compose_body(self) -> ComposeResult:
        """Compose the presets, the fields, and the cost."""
        yield Static(f"now {format_lr(self._group.lr)}, {self._group.schedule}")
        with Horizontal(id="choice"):
            yield OptionList(*(Option(name, id=name) for name in PRESETS), compact=True)
            with Vertical():
                yield Static("candidates: x0.1 scales, 0.01 sets", classes="label")
                yield Input(id="values", compact=True)
                yield Static("steps for each", classes="label")
                yield Input(id="steps", compact=True)
        yield Static(id="takes", classes="hint")

    def extra_keys(self) -> str:
        """Return the keys that select and move."""
        return "   [b]↑ ↓[/] choose   [b]tab[/] candidates, steps"

    def on_mount(self) -> None:
        """Select the first preset."""
        self.query_one(OptionList).highlighted = list(PRESETS).index(self._preset)
        super().on_mount()

    @on(OptionList.OptionHighlighted)
    def fill(self, event: OptionList.OptionHighlighted) -> None:
        """Fill in the preset."""
        values, steps = PRESETS[event.option.id or ""]
        self.query_one("#values", Input).value = values
        self.query_one("#steps", Input).value = str(steps)

    def command_text(self) -> str:
        """Return ``try lr GROUP VALUES for N steps``."""
        values = self.query_one("#values", Input).value.strip()
        steps = self.query_one("#steps", Input).value.replace(" ", "")
        return f"try lr {self._group.name} {values} for {steps or '?'} steps"

    def show_command(self) -> None:
        """Show the command and its cost."""
        super().show_command()
        try:
            command = self.command()
        except CommandError:
            cost = ""
        else:
            assert isinstance(command, TryLr)
            cost = describe_cost(command, self._snapshot)
        self.query_one("#takes", Static).update(cost)


def describe_cost(command: TryLr, snapshot: Snapshot) -> str:
    """Return the number of steps, their duration at the present speed, and what follows."""
    steps = min(command.steps, max(1, snapshot.info.total_steps - snapshot.step))
    total = steps * len(command.values)
    speed = snapshot.samples_per_second
    seconds = math.ceil(total * snapshot.info.batch_size / speed) if speed else None
    about = f", about {format_duration(seconds)}" if seconds is not None else ""
    return (
        f"trains {format_count(total)} steps{about}, on the same batches each; then the run "
        f"returns to step {format_count(snapshot.step)}, and shows them side by side"
    )
