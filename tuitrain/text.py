r"""Text of users, files and exceptions as it is shown: as written, and unable to steer a terminal.

The rule, in every screen, title, report, message and picture:

- What Unicode calls printable, and every kind of space, is shown as it is.
- Control characters up to U+001F, and U+007F, are shown as their symbols: ``␛``, ``␊``, ``␡``.
- Every other character that has no picture of its own is shown as Python escapes it: ``\x9b`` of
  C1, ``\u202e`` and other signs that turn the direction of writing, ``\u200b`` and others without
  a width, ``\udcff`` for a byte of a file name that is no UTF-8, ``\u2028`` for a separator.

Where text may have several lines, a line feed stays one.
"""

from __future__ import annotations

import re
from typing import Final

_SYMBOLS: Final = 0x2400
"""Where Unicode has the symbols of U+0000 to U+0020; that of U+007F is one further."""

_LINE_END: Final = re.compile(r"\r\n?|\n")


def visible(text: str) -> str:
    """Return a text of one line in which every character is seen, and none steers a terminal.

    What it returns it returns again when given it: text can be made visible twice.
    """
    return text if text.isprintable() else "".join(map(_seen, text))


def visible_lines(text: str) -> str:
    """Return the same of a text of several lines; all ways to end a line become a line feed."""
    if text.isprintable():
        return text
    return "\n".join(map(visible, _LINE_END.split(text)))


def count_replaced(text: str) -> int:
    """Return how many characters of a text `visible` would replace."""
    return sum(_seen(each) != each for each in text)


def _seen(character: str) -> str:
    if character.isprintable() or (character.isspace() and _is_space(character)):
        return character
    code = ord(character)
    if code < 0x20:
        return chr(_SYMBOLS + code)
    if code == 0x7F:
        return "␡"
    return character.encode("unicode_escape").decode("ascii")


def _is_space(character: str) -> bool:
    """Whether a character is a space that only takes room: a no-break or an ideographic one."""
    import unicodedata

    return unicodedata.category(character) == "Zs"
