"""The base of both apps: what Textual does with texts and pictures is done in our way."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from textual.events import Event, Paste
from textual.notifications import SeverityLevel

from tuitrain.encoding import to_encodable
from tuitrain.text import visible, visible_lines

from ..keys.keymap import key_label
from .guarded_app import GuardedApp

Result = TypeVar("Result")


class BaseApp(GuardedApp[Result]):
    """Shows toasts as they are written; saves pictures of its screen where its charts go.

    That is the folder that it was started in; in a browser they are downloaded.
    """

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Show a toast. Its texts are never markup, whatever Textual's own calls ask for."""
        del markup
        super().notify(
            visible_lines(message),
            title=visible(title),
            severity=severity,
            timeout=timeout,
            markup=False,
        )

    async def on_event(self, event: Event) -> None:
        """Hand an event on; what is pasted, into the palette too, has no orders in it."""
        if isinstance(event, Paste):
            kept = (each for each in event.text if each.isprintable() or each in "\t\r\n")
            event.text = "".join(kept)
        await super().on_event(event)

    def action_help_quit(self) -> None:
        """Say which key leaves, for ctrl+c does not."""
        key = key_label(self, "quit")
        self.notify(f"Press {key} to quit the app", title="Do you want to quit?")

    def copy_to_clipboard(self, text: str) -> None:
        """Copy a text; what UTF-8 cannot hold is escaped."""
        super().copy_to_clipboard(to_encodable(text))

    def deliver_screenshot(
        self,
        filename: str | None = None,
        path: str | None = None,
        time_format: str | None = None,
    ) -> str | None:
        """Save the screen as SVG; Textual's own place, Downloads, is not there on every machine."""
        return super().deliver_screenshot(filename, path or str(Path.cwd()), time_format)
