"""Where the app makes what Textual draws from text: as written, never as markup.

Textual takes a string for markup in most places: ``[/`` in a name ends the app, and
``[@click=app.quit]`` acts. So content is made here alone, and the widgets of `widgets.plain` make
theirs with it. What control characters look like, `tuitrain.text` says.
"""

from __future__ import annotations

import re
from typing import Final

from textual.content import Content

from tuitrain.text import visible_lines

__all__ = ["Content", "literal", "assemble", "key_hints"]

_BOLD: Final = re.compile(r"\[b\](.+?)\[/\]")


def literal(text: str, style: str = "") -> Content:
    """Return a text in one style, such as ``$error``; it may have several lines."""
    return Content.styled(visible_lines(text), style) if style else Content(visible_lines(text))


def assemble(*parts: str | tuple[str, str]) -> Content:
    """Return texts behind one another, each alone or with its style."""
    return Content("").join(
        literal(part) if isinstance(part, str) else literal(*part) for part in parts
    )


def key_hints(text: str) -> Content:
    """Return a line that names keys: ``[b]esc[/] close`` has a bold key; nothing else is markup."""
    parts = _BOLD.split(text)  # what is bold is at the odd places
    return assemble(*((part, "bold") if at % 2 else part for at, part in enumerate(parts)))
