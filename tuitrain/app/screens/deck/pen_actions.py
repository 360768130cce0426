"""The pen on the deck: a key to take it or give it away, and a line when another asks for it."""

from __future__ import annotations

from tuitrain.remote.wire.messages import PenAction
from tuitrain.run.snapshot import Attachment, Snapshot

from ...keys.keymap import key_label
from ...source import PenSource
from ..dialogs.pen import PenDialog
from .deck import Controller, Deck


class PenActions(Controller):
    """Opens the dialog about the pen, and tells the user when the pen is asked for or passes on."""

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._shown: Attachment | None = None

    def action_pen(self) -> None:
        """Open the dialog about the pen, if other screens can watch the run."""
        source, snapshot = self.deck.source, self.deck.snapshot
        if snapshot is None or not isinstance(source, PenSource):
            self.deck.status.show_text("only this screen can steer: there is no pen", "warning")
            return
        if self.deck.read_only:
            self.deck.status.show_text(self.deck.read_only_notice, "warning")
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
            self.deck.status.show_text(text, "warning")

    def _news(self, before: Attachment, after: Attachment) -> str:
        """Return what has changed for the user, or ""."""
        key = key_label(self.deck.app, "pen")
        if after.asked_by and after.asked_by != before.asked_by:
            if after.holds_pen:
                seconds = after.seconds_left
                return f"{after.asked_by} asks for the pen: {key} answers; it passes in {seconds} s"
            return f"{after.asked_by} has asked {after.pen} for the pen"
        if before.holds_pen and not after.holds_pen:
            return f"{after.pen or 'no one'} has the pen now: {key} asks for it"
        if after.holds_pen and not before.holds_pen:
            return "this screen has the pen: it steers the run"
        if before.asked_by and not after.asked_by and not after.holds_pen:
            return f"{after.pen} keeps the pen; it cannot be refused a second time"
        return ""
