"""The list of settings, which can capture a key."""

from __future__ import annotations

from dataclasses import dataclass

from textual.events import Key
from textual.message import Message

from ..no_markup import OptionList


class SettingsList(OptionList):
    """A list of options; while it is ``awaiting_key`` it captures the next key."""

    awaiting_key = False

    @dataclass
    class Pressed(Message):
        """A key was captured."""

        key: str

    def on_key(self, event: Key) -> None:
        """Capture the key."""
        if self.awaiting_key:
            self.awaiting_key = False
            event.stop()
            event.prevent_default()
            self.post_message(self.Pressed(event.key))
