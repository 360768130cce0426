r"""How text of users, files and exceptions is shown: as written, and unable to control a terminal.

The rule in every screen, title, report, message and picture:

- Characters that Unicode calls printable, and every kind of space, are shown unchanged.
- Control characters up to U+001F, and U+007F, are shown as their symbols: ``␛``, ``␊``, ``␡``.
- Every other character without a glyph is shown as Python escapes it: ``\x9b`` (C1 controls),
  ``\u202e`` and other characters that change the writing direction, ``\u200b`` and others without
  a width, ``\udcff`` for a byte of a file name that is not UTF-8, ``\u2028`` for a separator.

Where text may have several lines, a line feed is kept.
"""

from __future__ import annotations

import re
from typing import Final

_SYMBOLS: Final = 0x2400
"""The code point of the symbol for U+0000; those up to U+0020 follow, then that for U+007F."""

_LINE_END: Final = re.compile(r"\r\n?|\n")


def visible(text: str) -> str:
    """Return one line of text in which every character is visible and none controls a terminal.

    The function is idempotent.
    """
    return text if text.isprintable() else "".join(map(_visible, text))


def visible_lines(text: str) -> str:
    """Do the same for a string of several lines; every kind of line end becomes a line feed."""
    if text.isprintable():
        return text
    return "\n".join(map(visible, _LINE_END.split(text)))


def format_count(number: int) -> str:
    """Write a whole number with its digits in groups of three: ``59 134``."""
    return f"{number:,}".replace(",", " ")


def _visible(character: str) -> str:
    if character.isprintable() or (character.isspace() and _is_space(character)):
        return character
    code = ord(character)
    if code < 0x20:
        return chr(_SYMBOLS + code)
    if code == 0x7F:
        return "␡"
    return character.encode("unicode_escape").decode("ascii")


def _is_space(character: str) -> bool:
    """Whether a character is a space of the category Zs, such as a no-break space."""
    import unicodedata

    return unicodedata.category(character) == "Zs"
