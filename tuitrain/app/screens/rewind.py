"""The rewind dialog: to which step, and what becomes of what followed it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from tuitrain.app.renderables.formatting import count
from tuitrain.commands import Rewind
from tuitrain.errors import CommandError
from tuitrain.run.snapshot import Snapshot

from .dialog import CommandDialog

_NAMED = 4


class RewindDialog(CommandDialog):
    """Goes back to a past step; the arrow keys offer those where something happened.

    Parameters
    ----------
    now : gives the newest snapshot, for the run goes on while one thinks
    """

    verb = "rewind"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "jump(-1)", "Earlier", show=False),
        Binding("down", "jump(1)", "Later", show=False),
    ]

    def __init__(self, now: Callable[[], Snapshot]) -> None:
        super().__init__("rewind")
        self._now = now
        self._first = suggested(now())

    def body(self) -> ComposeResult:
        """Compose the field, what is at that step, and what is left behind."""
        yield Static("to the moment before step", classes="label")
        yield Input(str(self._first), id="step", compact=True)
        yield Static(id="there", markup=False)
        yield Static(id="left-behind", classes="hint", markup=False)

    def more_keys(self) -> str:
        """Name the keys to move about."""
        return "   [b]↑ ↓[/] earlier, later: commands, epochs"

    def line(self) -> str:
        """Return ``rewind STEP``."""
        return f"rewind {self.query_one('#step', Input).value.replace(' ', '')}"

    def problem(self) -> str:
        """Say so when the step is not in the past."""
        now, step = self._now(), self._step()
        if step is None:
            return "rewind takes a step here; `:rewind NAME` goes back to a checkpoint"
        if step > now.step:
            return f"step {count(step)} is still to come: the run is at step {count(now.step)}"
        if step == now.step and not _undone(now, now.step):
            return f"the run is at step {count(now.step)} already"
        return ""

    def preview(self) -> None:
        """Show the line, what happened at that step, and what becomes of what followed."""
        super().preview()
        try:
            command = self.command()
        except CommandError:
            there = behind = ""
        else:
            assert isinstance(command, Rewind)
            there = happened(self._now(), command.step)
            behind = left_behind(self._now(), command.step)
        self.query_one("#there", Static).update(Content(there))
        self.query_one("#left-behind", Static).update(Content(behind))

    def action_jump(self, by: int) -> None:
        """Go to the next step, either way, at which a command was applied or an epoch began."""
        now, step = self._now(), self._step()
        at = now.step if step is None else step
        past = [each for each in stops(now) if (each - at) * by > 0]
        if past:
            field = self.query_one("#step", Input)
            field.value = str(min(past) if by > 0 else max(past))
            field.cursor_position = len(field.value)

    def _step(self) -> int | None:
        """Return the step that is entered; None if it is not a number."""
        text = self.query_one("#step", Input).value.replace(" ", "")
        return int(text) if text.isdecimal() else None


def stops(snapshot: Snapshot) -> list[int]:
    """Return the steps of the present line at which a command was applied or an epoch began."""
    epochs = range(0, snapshot.step, max(1, snapshot.title.steps_per_epoch))
    return sorted({*epochs, *(each.step for each in snapshot.interventions)})


def suggested(snapshot: Snapshot) -> int:
    """Return the step of the last command on the present line, else the last epoch's start."""
    made = [each.step for each in snapshot.interventions]
    return made[-1] if made else max(stops(snapshot), default=0)


def happened(snapshot: Snapshot, step: int) -> str:
    """Say what happened at a step."""
    per_epoch = max(1, snapshot.title.steps_per_epoch)
    words = [f"epoch {step // per_epoch} begins"] if step % per_epoch == 0 else []
    words += [each.command for each in snapshot.interventions if each.step == step]
    return "there: " + ", ".join(words) if words else ""


def left_behind(snapshot: Snapshot, step: int) -> str:
    """Say what becomes of what followed a step."""
    kept = f"what followed is kept as branch {snapshot.branch}; the run stands there, paused"
    undone = _undone(snapshot, step)
    if not undone:
        return kept
    more = f" and {len(undone) - _NAMED} more" if len(undone) > _NAMED else ""
    return f"{kept}\nnot on the new line: {', '.join(undone[:_NAMED])}{more}"


def _undone(snapshot: Snapshot, step: int) -> list[str]:
    """Return the commands that a rewind to that step leaves behind."""
    return [each.command for each in snapshot.interventions if each.step >= step]
