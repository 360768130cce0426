"""The learning rate dialog."""

from __future__ import annotations

from textual.app import ComposeResult

from tuitrain.engines.views import SCRIPT_SCHEDULE
from tuitrain.run.snapshot import GroupView, Snapshot

from ...renderables.formatting import format_lr, plain_number
from ...widgets.no_markup import Input, Static
from .preview_dialog import RequestPreview, RescheduleDialog


class LrDialog(RescheduleDialog):
    """Sets or scales the learning rate of a group."""

    verb = "lr"

    def __init__(
        self, group: GroupView, snapshot: Snapshot, request_preview: RequestPreview
    ) -> None:
        super().__init__(f"learning rate of {group.name}", group, snapshot, request_preview)

    def compose_body(self) -> ComposeResult:
        """Compose the present value, its schedule, and the field."""
        group = self._group
        owner, then = _texts(group.schedule)
        yield Static(f"now {format_lr(group.lr)}   ({owner})")
        yield Input(plain_number(group.lr), id="lr", compact=True)
        yield Static(then, classes="hint")

    def command_text(self) -> str:
        """Return ``lr GROUP VALUE``, or ``lr GROUP auto``."""
        return f"lr {self._group.name} {self.query_one('#lr', Input).value.replace(' ', '')}"


def _texts(schedule: str) -> tuple[str, str]:
    """Return the present source of the lr, and the effect of an entry."""
    if schedule == "constant":
        return schedule, "0.01 sets it, x0.5 scales it; 0 fixes the weights, not the gradients"
    if schedule == SCRIPT_SCHEDULE:
        return (
            "the script sets it",
            "0.01 sets it, x0.5 scales its present value; it is constant then",
        )
    then = "a value takes over from the schedule, a factor scales it"
    return f"the schedule {schedule} sets it", then
