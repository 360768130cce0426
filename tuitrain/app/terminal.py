"""Requests to the terminal besides drawing; uses private parts of Textual."""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.keys import _character_to_key

from tuitrain.text import visible


def key_name(character: str) -> str:
    """Return Textual's name of a character's key: ``question_mark``."""
    return _character_to_key(character)


def crash_error(app: App[Any]) -> Exception | None:
    """Return the uncaught exception that ended an app, or None."""
    return app._exception if app.return_code else None


def can_suspend(app: App[Any]) -> bool:
    """Return whether the terminal can suspend and resume the process."""
    driver = app._driver
    return driver is not None and driver.can_suspend


def notify_desktop(app: App[Any], code: str, title: str, text: str) -> None:
    """Send a desktop notification by ``osc9`` or ``osc777``; do nothing if headless.

    A control character in a string would end the sequence; its symbol is sent.
    """
    if app.is_headless or app._driver is None:
        return
    title, text = visible(title).replace(";", ","), visible(text)
    body = f"9;{title}: {text}" if code == "osc9" else f"777;notify;{title};{text}"
    app._driver.write(f"\x1b]{body}\x07")
