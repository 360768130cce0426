"""The characters that an app has on its screen."""

from __future__ import annotations

from io import StringIO
from typing import Any

from rich.console import Console
from textual.app import App


def screen_text(app: App[Any]) -> str:
    """Return the rows of the screen, without spaces at their ends.

    Textual draws a screen as a picture only (`App.export_screenshot`); this takes the same strips.
    """
    width, height = app.size
    console = Console(width=width, height=height, file=StringIO(), force_terminal=True, record=True)
    strips = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    console.print(strips)
    return "\n".join(row.rstrip() for row in console.export_text().splitlines())
