"""What is asked of the terminal besides drawing: the only place with Textual's private parts."""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.keys import _character_to_key

from tuitrain.text import visible


def key_name(character: str) -> str:
    """Return Textual's name of the key that writes a character: ``question_mark``."""
    return _character_to_key(character)


def crash_error(app: App[Any]) -> Exception | None:
    """Return what the app has ended with because nothing caught it, or None."""
    return app._exception if app.return_code else None


def can_suspend(app: App[Any]) -> bool:
    """Whether the process can be suspended and come back to this screen."""
    driver = app._driver
    return driver is not None and driver.can_suspend


def notify_desktop(app: App[Any], code: str, title: str, text: str) -> None:
    """Ask the terminal for a desktop notification: ``osc9`` or ``osc777``; nothing if headless.

    A control character in the texts would end the sequence; it is shown by its symbol.
    """
    if app.is_headless or app._driver is None:
        return
    title, text = visible(title).replace(";", ","), visible(text)
    body = f"9;{title}: {text}" if code == "osc9" else f"777;notify;{title};{text}"
    app._driver.write(f"\x1b]{body}\x07")
