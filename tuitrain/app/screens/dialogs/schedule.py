"""The schedule dialog, with a curve of the future learning rate."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on
from textual.app import ComposeResult

from tuitrain.commands import number_text
from tuitrain.run.snapshot import GroupView, Snapshot

from ...renderables.formatting import format_lr
from ...widgets.no_markup import Horizontal, Input, Option, OptionList, Static, Vertical
from .preview_dialog import OPEN_STEPS, RequestPreview, RescheduleDialog


class ScheduleDialog(RescheduleDialog):
    """Sets the schedule of a group, which begins at the present learning rate."""

    verb = "schedule"

    def __init__(
        self, group: GroupView, snapshot: Snapshot, request_preview: RequestPreview
    ) -> None:
        super().__init__(
            f"schedule the learning rate of {group.name}", group, snapshot, request_preview
        )
        self._terms = first_terms(group, snapshot)

    def compose_body(self) -> ComposeResult:
        """Compose the list, the terms and the warm-up."""
        group = self._group
        yield Static(f"now {format_lr(group.lr)}, {group.schedule}")
        with Horizontal(id="choice"):
            yield OptionList(*(Option(kind, id=kind) for kind in self._terms), compact=True)
            with Vertical():
                yield Static("terms, from now on", classes="label")
                yield Input(id="terms", compact=True)
                yield Static("warm-up steps, optional", classes="label")
                yield Input(id="warmup", compact=True)

    def extra_keys(self) -> str:
        """Return the keys that select and move."""
        return "   [b]↑ ↓[/] choose   [b]tab[/] terms, warm-up"

    def on_mount(self) -> None:
        """Select the first schedule."""
        self.query_one(OptionList).highlighted = 0
        super().on_mount()

    @on(OptionList.OptionHighlighted)
    def fill(self, event: OptionList.OptionHighlighted) -> None:
        """Fill in default terms of the schedule."""
        self.query_one("#terms", Input).value = self._terms[event.option.id or ""]

    def command_text(self) -> str:
        """Return ``schedule GROUP KIND TERMS [warmup=STEPS]``."""
        option = self.query_one(OptionList).highlighted_option
        kind = option.id if option is not None else ""
        terms = self.query_one("#terms", Input).value.strip()
        warmup = self.query_one("#warmup", Input).value.strip()
        line = f"schedule {self._group.name} {kind} {terms}"
        return f"{line} warmup={warmup}" if warmup else line


def first_terms(group: GroupView, snapshot: Snapshot) -> Mapping[str, str]:
    """Return for each kind of schedule terms that end with the run, if its length is known."""
    info = snapshot.info
    left = OPEN_STEPS if info.is_open else max(2, info.total_steps - snapshot.step)
    epochs = left // max(1, info.steps_per_epoch) if info.has_epochs else 0
    over = f"{epochs} epochs" if epochs > 1 else f"{left} steps"
    count, unit = (epochs, "epochs") if epochs > 1 else (left, "steps")
    one = unit.removesuffix("s")
    at = ",".join(str(n) for n in sorted({max(1, count // 2), max(1, count * 3 // 4)}))
    factor = number_text(float(f"{0.01 ** (1 / max(2, count)):.3g}"))
    return {
        "cosine": f"to 0 over {over}",
        "linear": f"to 0 over {over}",
        "one-cycle": f"to {number_text(float(f'{group.lr * 5:.3g}'))} over {over}",
        "exponential": f"x{factor} per {one}",
        "milestones": f"x0.1 at {at} {unit}",
    }
