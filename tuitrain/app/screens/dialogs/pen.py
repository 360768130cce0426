"""The dialog about the pen: the viewers of the run, and the one who steers."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tuitrain.remote.wire.messages import PenAction
from tuitrain.run.snapshot import Attachment, Snapshot

from ...framework.content import Content, assemble, key_hints, literal
from ...framework.screens import BaseDialog
from ...widgets.no_markup import Static, Vertical
from ..help import EXPLAIN


class PenDialog(BaseDialog[PenAction]):
    """Returns what to do with the pen; None to leave it where it is. Follows what others do.

    Parameters
    ----------
    attachment : who watches and who steers, when the dialog opens
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        EXPLAIN,
        Binding("t", "use('take')", "Take", show=False),
        Binding("g", "use('release')", "Give", show=False),
        Binding("k", "use('keep')", "Keep", show=False),
        Binding("escape,q,P", "dismiss", "Back", show=False),
    ]

    def __init__(self, attachment: Attachment) -> None:
        super().__init__()
        self._attachment = attachment

    def compose(self) -> ComposeResult:
        """Compose the holder of the pen, and the choices."""
        with Vertical(classes="dialog") as box:
            box.border_title = "the pen"
            yield Static(holder_text(self._attachment), id="holder", classes="question")
            yield Static(_choice_lines(self._attachment), id="choices")
            yield Static(key_hints("[b]esc[/]   back"), classes="hint")

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show who has the pen now, and how long a request waits."""
        attachment = snapshot.attachment or Attachment()
        if attachment == self._attachment:
            return
        self._attachment = attachment
        self.query_one("#holder", Static).update(literal(holder_text(attachment)))
        self.query_one("#choices", Static).update(_choice_lines(attachment))

    def action_use(self, action: PenAction) -> None:
        """Close with an action, if it makes sense now."""
        if action in _choices(self._attachment):
            self.dismiss(action)


def holder_text(attachment: Attachment) -> str:
    """Return how many screens show the run, who of them has the pen, and who asks for it."""
    count = attachment.viewers
    screens = f"{count} screens show this run." if count > 1 else "Only this screen shows this run."
    if attachment.holds_pen:
        return f"{screens} You steer it: you have the pen."
    if attachment.pen and attachment.asked_by:
        asks = "You have" if attachment.is_asking else f"{attachment.asked_by} has"
        left = f"it passes in {attachment.seconds_left} s"
        steers = f"{attachment.pen} steers it, and has the pen."
        return f"{screens} {steers}\n{asks} asked for it: {left}."
    if attachment.pen:
        return f"{screens} {attachment.pen} steers it, and has the pen."
    return f"{screens} The pen is free: no screen steers the run."


def _choice_lines(attachment: Attachment) -> Content:
    """Return a line for each action that makes sense."""
    lines = [((key, "bold"), f"     {does}") for key, does in _choices(attachment).values()]
    return Content("\n").join(assemble(*parts) for parts in lines)


def _choices(attachment: Attachment) -> dict[PenAction, tuple[str, str]]:
    """Return the actions that make sense, with the key and the effect of each."""
    asking = attachment.asked_by
    if attachment.holds_pen and asking:
        return {
            "release": ("g", f"give it to {asking}; it passes in {attachment.seconds_left} s"),
            "keep": ("k", "keep it; a second request cannot be refused"),
        }
    if attachment.holds_pen:
        return {"release": ("g", "give it away: any screen can take it")}
    if asking:
        return {}
    does = f"ask {attachment.pen} for it" if attachment.pen else "take it"
    return {"take": ("t", does)}
