"""The rewind dialog: the target, and the commands that the new branch leaves out."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tuitrain.commands import Rewind
from tuitrain.errors import CommandError, did_you_mean
from tuitrain.run.snapshot import Snapshot

from ...keys.keymap import key_label
from ...renderables.formatting import format_count
from ...renderables.timeline import adjacent_step, events_at, timeline_stops
from ...widgets.no_markup import Input, Static
from .command_dialog import CommandDialog

_NAMED = 4


class RewindDialog(CommandDialog):
    """Rewinds to a step or checkpoint; the arrow keys offer steps of commands and epochs.

    Parameters
    ----------
    now : returns the newest snapshot: the run continues while the dialog is open
    step : the first step; None for that of the last command
    """

    verb = "rewind"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "jump(-1)", "Earlier", show=False),
        Binding("down", "jump(1)", "Later", show=False),
        Binding("tab", "name", "Checkpoint", show=False, priority=True),
    ]

    def __init__(self, now: Callable[[], Snapshot], step: int | None = None) -> None:
        super().__init__("rewind")
        self._now = now
        self._first = suggested(now()) if step is None else step

    def compose_body(self) -> ComposeResult:
        """Compose the field, the events of the step, and the commands left out."""
        kept = self._now().checkpoints
        yield Static(
            "to the boundary before step, or to a checkpoint"
            if kept
            else "to the boundary before step",
            classes="label",
        )
        yield Input(str(self._first), id="step", compact=True)
        yield Static(id="there")
        yield Static(id="left-behind", classes="hint")

    def extra_keys(self) -> str:
        """Return the keys that offer targets."""
        names = "   [b]tab[/] checkpoints" if self._now().checkpoints else ""
        return f"   [b]↑ ↓[/] earlier, later{names}"

    def command_text(self) -> str:
        """Return ``rewind STEP`` or ``rewind NAME``."""
        return f"rewind {self.query_one('#step', Input).value.replace(' ', '')}"

    def problem(self) -> str:
        """Return why the target is invalid: a future step, or an unknown checkpoint."""
        now, step = self._now(), self._step()
        if step is None:
            return unknown(self.query_one("#step", Input).value.strip(), now.checkpoints)
        if step > now.step:
            present = format_count(now.step)
            return f"step {format_count(step)} is still to come: the run is at step {present}"
        if step == now.step and not _undone(now, now.step):
            return f"the run is at step {format_count(now.step)} already"
        return ""

    def show_command(self) -> None:
        """Show the command, the events of the step, and the commands left out."""
        super().show_command()
        try:
            command = self.command()
        except CommandError:
            there = behind = ""
        else:
            now = self._now()
            if isinstance(command, Rewind):
                there, behind = _there(now, command.step), left_behind(now, command.step)
            else:
                there, behind = "there: exactly where the checkpoint was made", kept_as(now)
        self.query_one("#there", Static).update(there)
        self.query_one("#left-behind", Static).update(behind)

    def action_jump(self, delta: int) -> None:
        """Offer the next or the previous step of a command or an epoch's start."""
        now, step = self._now(), self._step()
        at = now.step if step is None else step
        if (target := adjacent_step(timeline_stops(now), at, delta)) is not None:
            field = self.query_one("#step", Input)
            field.value = str(target)
            field.cursor_position = len(field.value)

    def action_name(self) -> None:
        """Offer the next checkpoint, the newest first."""
        names = self._now().checkpoints[::-1]
        if names:
            field = self.query_one("#step", Input)
            at = names.index(field.value) + 1 if field.value in names else 0
            field.value = names[at % len(names)]
            field.cursor_position = len(field.value)
        else:
            key = key_label(self.app, "checkpoint")
            text = f"no checkpoint was made yet: {key} saves one under a name"
            self.query_one("#there", Static).update(text)

    def _step(self) -> int | None:
        """Return the entered step; None if it is not a number."""
        text = self.query_one("#step", Input).value.replace(" ", "")
        return int(text) if text.isdecimal() else None


def suggested(snapshot: Snapshot) -> int:
    """Return the step of the present branch's last command, else the last epoch's start."""
    made = [intervention.step for intervention in snapshot.interventions]
    return made[-1] if made else max(timeline_stops(snapshot), default=0)


def _there(snapshot: Snapshot, step: int) -> str:
    words = events_at(snapshot, step)
    return "there: " + ", ".join(words) if words else ""


def unknown(name: str, known: tuple[str, ...]) -> str:
    """Return why a checkpoint's name is unknown; "" if it is known."""
    if name in known:
        return ""
    if not known:
        return "rewind takes a step here: no checkpoint was made yet"
    return (
        f"no checkpoint is called {name!r}{did_you_mean(name, known)} "
        f"(checkpoints: {', '.join(known)})"
    )


def kept_as(snapshot: Snapshot) -> str:
    """Return a sentence about the present branch, which is kept."""
    return f"what followed is kept as branch {snapshot.branch}; the run pauses there"


def left_behind(snapshot: Snapshot, step: int) -> str:
    """Return sentences about the steps and commands after a step."""
    kept = kept_as(snapshot)
    undone = _undone(snapshot, step)
    if not undone:
        return kept
    more = f" and {len(undone) - _NAMED} more" if len(undone) > _NAMED else ""
    return f"{kept}\nnot on the new branch: {', '.join(undone[:_NAMED])}{more}"


def _undone(snapshot: Snapshot, step: int) -> list[str]:
    """Return the commands that a rewind to a step leaves out."""
    return [
        intervention.command for intervention in snapshot.interventions if intervention.step >= step
    ]
