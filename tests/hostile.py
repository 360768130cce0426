"""Hostile texts that a user, a file or an exception may contain."""

from __future__ import annotations

from typing import Final

MARKUP: Final = (
    "[/",
    "[/]",
    "[b]x",
    "[b]x[/i]",
    "[red]x[/red]",
    "[$accent]x[/$accent]",
    "[@click=app.quit]x[/]",
    "[link=https://x.y]x[/link]",
    "[",
    "x[/b",
    "\\[b]x\\",
)
TEMPLATES: Final = (":fire: :warning:", "{x} {task.description} %s %(x)s $x", "\\", "\"\"\"'''")
ORDERS: Final = (
    "\x1b[2J\x1b]0;t\x07",
    "a\nb",
    "a\tb\rc\r\nd",
    "\x00\x08\x7f\x9b31m",
    "a\u202eb\u2066c",
    "a\u200bb\ufeffc\u2028d",
)
SCRIPTS: Final = ("日本語の名前", "e\u0301a\u0308", "é", "नमस्ते", "שלום", "👩‍🚀", "a\u3000b\xa0c")
EXTREMES: Final = ("", " ", "x" * 300, "字" * 200, "byte \udcff")

TEXTS: Final = (*MARKUP, *TEMPLATES, *ORDERS, *SCRIPTS, *EXTREMES)

FEW: Final = (
    "[/",
    "[b]x[/i]",
    "[@click=app.quit]x[/]",
    ":fire: {x} %s $x \\",
    "\x1b[2J\x1b]0;t\x07 a\nb\tc",
    "a\u202eb\u200bc\udcff",
    "日本語の名前" * 30,
    "e\u0301 नमस्ते [red",
    "",
)
"""A sample of them, for tests in which each text costs a second."""
