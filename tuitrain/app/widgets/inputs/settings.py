"""The list of settings, which can wait for any key there is."""

from __future__ import annotations

from dataclasses import dataclass

from textual.events import Key
from textual.message import Message

from tuitrain.app.widgets.no_markup import OptionList


class SettingsList(OptionList):
    """A list; while it ``awaits`` a key it takes the next one, whatever that does elsewhere."""

    awaiting_key = False

    @dataclass
    class Pressed(Message):
        """The key that was waited for."""

        key: str

    def on_key(self, event: Key) -> None:
        """Take the key."""
        if self.awaiting_key:
            self.awaiting_key = False
            event.stop()
            event.prevent_default()
            self.post_message(self.Pressed(event.key))
