"""Text in and out: files in UTF-8, JSON in ASCII, streams in any encoding."""

from __future__ import annotations

import codecs
import json
import re
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final, TextIO

from .errors import TuitrainError
from .text import visible

READABLE: Final = "tuitrain.readable"
"""The name of the error handler that `make_streams_lenient` sets on streams."""

_REPLACEMENTS: Final = {
    "✓": "ok",
    "✗": "x",
    "∅": "=",
    "…": "...",
    "—": "-",
    "–": "-",
    "−": "-",
    "×": "x",
    "→": "->",
    "≥": ">=",
    "≤": "<=",
    "·": ".",
    "¼": "1/4",
    "Δ": "d",
}
"""Replacements for this program's symbols where a stream's encoding lacks them."""

_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


def decode_text(content: bytes, source: object, error: type[TuitrainError] = TuitrainError) -> str:
    """Return the text of a file, without the byte order mark that some editors write.

    Parameters
    ----------
    content : the file's bytes
    source : the file's name in errors
    error : the class of the error to raise

    Raises
    ------
    TuitrainError : the text is UTF-16, UTF-32 or not UTF-8; names the byte, the line and the column
    """
    if content.startswith(_UTF_16) or b"\0" in content[:4]:
        raise error(f"{source}: this is UTF-16 or UTF-32 text, or no text; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        before = content.removeprefix(codecs.BOM_UTF8)[: problem.start]
        byte = problem.object[problem.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode("utf-8", errors="replace")) + 1
        where = f"line {line}, column {column} (byte {problem.start})"
        raise error(f"{source}: not UTF-8 text: byte 0x{byte:02x} at {where}") from None


def strip_bom(content: bytes) -> bytes:
    """Return a JSON file's content without the byte order mark that some editors write."""
    return content.removeprefix(codecs.BOM_UTF8)


def to_encodable(text: str) -> str:
    r"""Return a string that UTF-8 can hold.

    Python represents a byte of a file name that is not UTF-8 as a lone surrogate, which no
    encoding can hold. It is written as ``\udcff``, as `text.visible` shows it.
    """
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8")


def truncate_utf8(text: str, max_bytes: int) -> str:
    """Return the longest beginning of a string that fits into ``max_bytes`` bytes of UTF-8."""
    return text.encode("utf-8", "replace")[:max_bytes].decode("utf-8", "ignore")


def file_stem(text: str, max_bytes: int = 120) -> str:
    """Return a file name for a string, of letters, digits, ``_``, ``.`` and ``-``.

    Other characters become ``-``. The name is "" if nothing is left. Most systems allow 255 bytes.
    """
    return truncate_utf8(re.sub(r"[^\w.-]+", "-", text), max_bytes).strip("-")


def ascii_json(record: object) -> str:
    r"""Return a record as one line of JSON in plain ASCII: other characters are ``\uXXXX``.

    Numbers that are not finite become null. Characters that UTF-8 cannot encode are escaped as by
    `to_encodable`.
    """
    import msgspec

    try:
        text = msgspec.json.encode(record).decode()
    except UnicodeEncodeError:
        text = msgspec.json.encode(_encodable_parts(msgspec.to_builtins(record))).decode()
    if text.isascii():
        return text
    # Outside of strings JSON is ASCII already.
    return "".join(char if char.isascii() else json.dumps(char)[1:-1] for char in text)


def _encodable_parts(value: Any) -> Any:
    if isinstance(value, str):
        return to_encodable(value)
    if isinstance(value, dict):
        return {to_encodable(str(key)): _encodable_parts(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable_parts(item) for item in value]
    return value


def make_streams_lenient() -> None:
    r"""Make stdout and stderr replace characters that their encoding lacks, instead of failing.

    This program's own symbols become ASCII; other characters are escaped, as in ``\u4e2d``.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=READABLE)


def write_line(text: str, stream: TextIO | None) -> None:
    """Write a line, or nothing if the stream was closed before the program started."""
    if stream is not None:
        stream.write(f"{text}\n")
        stream.flush()


def write_notice(text: str) -> None:
    """Write a line of this program to stderr, after its name; control characters as symbols."""
    write_line(visible(f"tuitrain: {text}"), sys.stderr)


def read_bytes(path: Path, error: type[TuitrainError] = TuitrainError) -> bytes:
    """Return the content of a file.

    Raises
    ------
    TuitrainError : the file cannot be read
    """
    try:
        return path.read_bytes()
    except OSError as problem:
        raise error(f"{path} cannot be read: {problem.strerror}") from None


def _replace_unencodable(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_replacement, error.object[error.start : error.end])), error.end


def _replacement(character: str) -> str:
    code = ord(character)
    if 0x2400 <= code < 0x2420 or code == 0x2421:  # the symbols of control characters
        return f"\\x{code - 0x2400 if code < 0x2420 else 0x7F:02x}"
    return _REPLACEMENTS.get(character) or character.encode("unicode_escape").decode("ascii")


codecs.register_error(READABLE, _replace_unencodable)
