"""Textual content from text, shown literally and never parsed as markup.

Textual parses a string as markup in most places: ``[/`` in a name ends the app, and
``[@click=app.quit]`` runs an action. So only this module makes content, and
the widgets of `widgets.no_markup` use it. `tuitrain.text` defines how control characters are shown.
"""

from __future__ import annotations

import re
from typing import Final

from textual.content import Content

from tuitrain.text import visible_lines

__all__ = ["Content", "literal", "assemble", "key_hints"]

_BOLD: Final = re.compile(r"\[b\](.+?)\[/\]")


def literal(text: str, style: str = "") -> Content:
    """Return a string of one or more lines in one style, such as ``$error``."""
    return Content.styled(visible_lines(text), style) if style else Content(visible_lines(text))


def assemble(*parts: str | tuple[str, str]) -> Content:
    """Concatenate texts, each with or without a style."""
    return Content("").join(
        literal(part) if isinstance(part, str) else literal(*part) for part in parts
    )


def key_hints(text: str) -> Content:
    """Return a line of keys: in ``[b]esc[/] close`` the key is bold; nothing else is markup."""
    parts = _BOLD.split(text)  # the bold parts are at odd places
    return assemble(*((part, "bold") if at % 2 else part for at, part in enumerate(parts)))
