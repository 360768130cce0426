"""The checkpoint dialog."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tuitrain.commands import Checkpoint
from tuitrain.errors import CommandError
from tuitrain.run.snapshot import Snapshot

from ...renderables.formatting import format_count
from ...widgets.no_markup import Input, Static
from .command_dialog import CommandDialog


class CheckpointDialog(CommandDialog):
    """Names a checkpoint; the arrow keys offer the existing names, to replace one."""

    verb = "checkpoint"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "offer(-1)", "Earlier name", show=False),
        Binding("down", "offer(1)", "Later name", show=False),
    ]

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__("make a checkpoint")
        self._snapshot = snapshot
        self._names = [*snapshot.checkpoints, free_name(snapshot)]

    def compose_body(self) -> ComposeResult:
        """Compose the field, and a hint about a checkpoint with the same name."""
        at = format_count(self._snapshot.step)
        yield Static(f"saves the state at the next boundary; the run was at step {at}")
        yield Static("name", classes="label")
        yield Input(self._names[-1], id="name", compact=True)
        yield Static(id="kept", classes="hint")

    def extra_keys(self) -> str:
        """Return the keys that offer names, if there are any."""
        return "   [b]↑ ↓[/] existing names" if self._snapshot.checkpoints else ""

    def command_text(self) -> str:
        """Return ``checkpoint NAME``."""
        return f"checkpoint {self.query_one('#name', Input).value.strip()}"

    def show_command(self) -> None:
        """Show the command, and whether it replaces a checkpoint."""
        super().show_command()
        try:
            command = self.command()
        except CommandError:
            hint = ""
        else:
            assert isinstance(command, Checkpoint)
            hint = replacement_hint(command.name, self._snapshot.checkpoints)
        self.query_one("#kept", Static).update(hint)

    def action_offer(self, delta: int) -> None:
        """Put the next or the previous name into the field."""
        field = self.query_one("#name", Input)
        at = self._names.index(field.value) if field.value in self._names else len(self._names)
        field.value = self._names[max(0, min(at + delta, len(self._names) - 1))]
        field.cursor_position = len(field.value)


def free_name(snapshot: Snapshot) -> str:
    """Return an unused name: ``step-1204``, else ``step-1204-2``."""
    name = f"step-{snapshot.step}"
    candidates = (name, *(f"{name}-{number}" for number in range(2, len(snapshot.checkpoints) + 3)))
    return next(candidate for candidate in candidates if candidate not in snapshot.checkpoints)


def replacement_hint(name: str, known: tuple[str, ...]) -> str:
    """Return a hint about the existing checkpoints."""
    if name in known:
        return f"⚠ the checkpoint {name} exists and will be replaced"
    return f"existing: {', '.join(known)}" if known else "rewind goes back to it by its name"
