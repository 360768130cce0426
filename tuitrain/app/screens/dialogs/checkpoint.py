"""The checkpoint dialog: under which name this moment is kept."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tuitrain.app.renderables.formatting import format_count
from tuitrain.app.widgets.no_markup import Input, Static
from tuitrain.commands import Checkpoint
from tuitrain.errors import CommandError
from tuitrain.run.snapshot import Snapshot

from .command_dialog import CommandDialog


class CheckpointDialog(CommandDialog):
    """Names a checkpoint; the arrow keys offer the names that there are, to replace one."""

    verb = "checkpoint"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "offer(-1)", "Earlier name", show=False),
        Binding("down", "offer(1)", "Later name", show=False),
    ]

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__("keep this moment")
        self._snapshot = snapshot
        self._names = [*snapshot.checkpoints, free_name(snapshot)]

    def body(self) -> ComposeResult:
        """Compose the field, and what becomes of a checkpoint that has the name already."""
        at = format_count(self._snapshot.step)
        yield Static(f"the run was at step {at}; what is kept is the boundary it is asked at")
        yield Static("name", classes="label")
        yield Input(self._names[-1], id="name", compact=True)
        yield Static(id="kept", classes="hint")

    def more_keys(self) -> str:
        """Name the keys that offer names, if there are any."""
        return "   [b]↑ ↓[/] names there are" if self._snapshot.checkpoints else ""

    def line(self) -> str:
        """Return ``checkpoint NAME``."""
        return f"checkpoint {self.query_one('#name', Input).value.strip()}"

    def preview(self) -> None:
        """Show the line, and whether a checkpoint is replaced."""
        super().preview()
        try:
            command = self.command()
        except CommandError:
            said = ""
        else:
            assert isinstance(command, Checkpoint)
            said = becomes(command.name, self._snapshot.checkpoints)
        self.query_one("#kept", Static).update(said)

    def action_offer(self, by: int) -> None:
        """Put the next name, either way, into the field."""
        field = self.query_one("#name", Input)
        at = self._names.index(field.value) if field.value in self._names else len(self._names)
        field.value = self._names[max(0, min(at + by, len(self._names) - 1))]
        field.cursor_position = len(field.value)


def free_name(snapshot: Snapshot) -> str:
    """Return a name for this moment that no checkpoint has: ``step-1204``, else ``step-1204-2``."""
    name = f"step-{snapshot.step}"
    tries = (name, *(f"{name}-{number}" for number in range(2, len(snapshot.checkpoints) + 3)))
    return next(each for each in tries if each not in snapshot.checkpoints)


def becomes(name: str, known: tuple[str, ...]) -> str:
    """Say what becomes of the checkpoints that there are."""
    if name in known:
        return f"⚠ the checkpoint {name} that there is will be replaced"
    return f"there are: {', '.join(known)}" if known else "rewind goes back to it by its name"
