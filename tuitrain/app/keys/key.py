"""What is known of a key: what it does, and how that is said in footer, help and palette."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Key:
    """A key.

    Attributes
    ----------
    keys : as Textual names them, separated by commas
    written : as people write it
    action : the screen's action, with "app." before one of the app's;
        "" where the focused panel handles the key itself
    summary : what it does, in a sentence, for the help
    label : what it does, in a word, for the footer; "" keeps it out of the footer
    short : the word where there is little room, if that is another
    spare : 0 stays in the footer; where there is no room for all, the highest goes first
    verbs : the verbs of the vocabulary that it can send
    called : the name under which the key can be configured, where it is not that of the action
    cursor : whether it acts only while a cursor stands in the charts, and then before all others
    """

    keys: str
    written: str
    action: str
    summary: str
    label: str = ""
    short_label: str = ""
    drop_order: int = 0
    verbs: tuple[str, ...] = ()
    config_name: str = ""
    cursor: bool = False

    @property
    def name(self) -> str:
        """The name of what it does, as the config file has it."""
        return self.config_name or self.action.removeprefix("app.")

    @property
    def compact_label(self) -> str:
        """The word for the footer where there is little room."""
        return self.short_label or self.label

    def binding(self, id: str | None = None) -> Binding:
        """Return the binding of a screen; with an ``id`` the config file can change its keys."""
        return Binding(
            self.keys,
            self.action,
            self.summary,
            show=False,
            key_display=self.written,
            priority=self.cursor,
            id=id,
        )
