"""A key of a screen: its action, and its texts in footer, help and palette."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Key:
    """A key.

    Attributes
    ----------
    keys : Textual's names, separated by commas
    written : the key as it is shown, such as ``⌫``
    action : the screen's action, with the prefix "app." for an action of the app;
        "" where the focused panel handles the key itself
    summary : a sentence for the help
    label : a word for the footer; "" keeps the key out of the footer
    short_label : a shorter word for a narrow footer; "" for the label
    drop_order : 0 always stays in the footer; in a narrow one the highest is left out first
    verbs : the commands that the key can send
    config_name : its name in the config file, if that is not the action's
    needs_cursor : whether it acts only while the charts have a cursor, and then before all others
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
    needs_cursor: bool = False

    @property
    def name(self) -> str:
        """The name of its action in the config file."""
        return self.config_name or self.action.removeprefix("app.")

    @property
    def compact_label(self) -> str:
        """The word for a narrow footer."""
        return self.short_label or self.label

    def binding(self, id: str | None = None) -> Binding:
        """Return a screen's binding; with an ``id`` the config file can change its keys."""
        return Binding(
            self.keys,
            self.action,
            self.summary,
            show=False,
            key_display=self.written,
            priority=self.needs_cursor,
            id=id,
        )
