"""The base of both apps: themes, toasts, pastes, the clipboard and screenshots."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, TypeVar

from textual.events import Event, Key, Paste
from textual.notifications import SeverityLevel

from tuitrain.encoding import to_encodable
from tuitrain.text import visible, visible_lines

from ..keys.keymap import key_label
from ..roles import ROLES, role_class
from ..themes import OWN_THEMES, heat_colors
from .guarded_app import GuardedApp

Result = TypeVar("Result")


class BaseApp(GuardedApp[Result]):
    """Shows toasts without markup; saves screenshots in the working directory, as charts are.

    In a browser they are downloaded.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {role_class(role) for role in ROLES}

    def __init__(self) -> None:
        super().__init__()
        for theme in OWN_THEMES:
            self.register_theme(theme)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the colors of heat maps for themes that define none."""
        return heat_colors(self.no_color)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Show a toast. Its texts are never markup, also in Textual's own calls."""
        del markup
        super().notify(
            visible_lines(message),
            title=visible(title),
            severity=severity,
            timeout=timeout,
            markup=False,
        )

    async def on_event(self, event: Event) -> None:
        """Dispatch an event; a paste, also into the palette, loses its control characters.

        While toasts are shown, escape removes them and does nothing else.
        """
        if isinstance(event, Key) and event.key == "escape" and self._notifications:
            self.clear_notifications()
            return
        if isinstance(event, Paste):
            kept = (char for char in event.text if char.isprintable() or char in "\t\r\n")
            event.text = "".join(kept)
        await super().on_event(event)

    def action_help_quit(self) -> None:
        """Show which key leaves: ctrl+c does not."""
        key = key_label(self, "quit")
        self.notify(f"Press {key} to quit the app", title="Do you want to quit?")

    def copy_to_clipboard(self, text: str) -> None:
        """Copy a string; characters that UTF-8 cannot encode are escaped."""
        super().copy_to_clipboard(to_encodable(text))

    def deliver_screenshot(
        self,
        filename: str | None = None,
        path: str | None = None,
        time_format: str | None = None,
    ) -> str | None:
        """Save the screen as SVG; Textual's default, Downloads, does not exist on every machine."""
        return super().deliver_screenshot(filename, path or str(Path.cwd()), time_format)
