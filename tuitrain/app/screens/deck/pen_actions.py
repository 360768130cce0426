"""The pen on the deck: a key to take it or give it away, and a line when another viewer asks."""

from __future__ import annotations

from tuitrain.remote.wire.messages import PenAction
from tuitrain.run.snapshot import Attachment, Snapshot

from ...keys.keymap import key_label
from ...renderables.rows import plain_text
from ...source import PenSource
from ..dialogs.pen import PenDialog, holder_text
from ..inspection.inspector_screen import InspectorScreen
from .deck import Controller, Deck


class PenActions(Controller):
    """Opens the dialog about the pen, and tells the user when the pen is asked for or passes on."""

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._shown: Attachment | None = None
        self._notice = ""

    def action_pen(self) -> None:
        """Open the dialog about the pen, if other screens can watch the run."""
        source, snapshot = self.deck.source, self.deck.snapshot
        if snapshot is None or not isinstance(source, PenSource):
            self.deck.status.show_text("only this screen can steer: there is no pen", "warning")
            return
        if self.deck.read_only:
            self.deck.status.show_text(_holder_line(snapshot.attachment), "warning")
            return

        def use(action: PenAction | None) -> None:
            if action is not None:
                source.use_pen(action)

        self.deck.app.push_screen(PenDialog(snapshot.attachment or Attachment()), use)

    def follow(self, snapshot: Snapshot) -> None:
        """Show a line when another viewer asks for the pen, and when the pen has passed on."""
        before, after = self._shown, snapshot.attachment
        self._shown = after
        if before is None or after is None:
            return
        if text := self._news(before, after):
            self._notice = text
            self.deck.status.show_text(text, "warning")
            self._show_over_other_screens(text)
        elif after.seconds_left != before.seconds_left and self._shows_notice:
            self._notice = self._request(after) if after.asked_by else ""
            self.deck.status.show_text(self._notice, "warning")

    @property
    def _shows_notice(self) -> bool:
        """Whether the status line still has the notice of a request."""
        return bool(self._notice) and plain_text(self.deck.status.message) == self._notice

    def _show_over_other_screens(self, text: str) -> None:
        """Show a notice as a toast where the screen on top shows no status line."""
        screen = self.deck.app.screen
        if screen is not self.deck and not isinstance(screen, PenDialog | InspectorScreen):
            self.deck.app.notify(text, title="the pen", severity="warning", timeout=8)

    def _request(self, after: Attachment) -> str:
        """Return the line about a request that waits for an answer."""
        if not after.holds_pen:
            left = f"it passes in {after.seconds_left} s"
            asks = "you have" if after.is_asking else f"{after.asked_by} has"
            return f"{asks} asked {after.pen} for the pen; {left}"
        key = key_label(self.deck.app, "pen")
        left = f"it passes in {after.seconds_left} s"
        return f"{after.asked_by} asks for the pen: {key} answers; {left}"

    def _news(self, before: Attachment, after: Attachment) -> str:
        """Return the change of the pen as a sentence, or ""."""
        key = key_label(self.deck.app, "pen")
        if after.asked_by and after.asked_by != before.asked_by:
            return self._request(after)
        if before.holds_pen and not after.holds_pen:
            return f"{after.pen or 'no one'} has the pen now: {key} asks for it"
        if after.holds_pen and not before.holds_pen:
            return "you have the pen: this screen steers the run"
        if before.asked_by and not after.asked_by and not after.holds_pen:
            refused = "you" if before.is_asking else before.asked_by
            return f"{after.pen} keeps the pen; {refused} cannot be refused a second time"
        return ""


def _holder_line(attachment: Attachment | None) -> str:
    """Return who has the pen, for a screen that never has it."""
    who = "" if attachment is None else f"{holder_text(attachment)} "
    return f"{who}This screen is read-only: it never has the pen.".replace("\n", " ")
