"""Text in and out: files read as UTF-8, JSON in ASCII, streams that write in any encoding."""

from __future__ import annotations

import codecs
import json
import re
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final, TextIO

from .errors import TuitrainError

READABLE: Final = "tuitrain.readable"
"""The name of the error handler that `keep_streams_writing` gives to streams."""

_INSTEAD: Final = {
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
"""What our own signs are replaced by where a stream's encoding has no such sign."""

_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


def decode_text(content: bytes, source: object, error: type[TuitrainError] = TuitrainError) -> str:
    """Return the text of a file; a mark in front, which some editors write, is passed over.

    Parameters
    ----------
    content : the file's bytes
    source : what errors call the file
    error : what is raised

    Raises
    ------
    TuitrainError : it is UTF-16 or UTF-32, or no UTF-8; names the byte, the line and the column
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
    """Return the content of a file of JSON without the mark that some editors put in front."""
    return content.removeprefix(codecs.BOM_UTF8)


def to_encodable(text: str) -> str:
    r"""Return a text that UTF-8 can hold.

    A byte of a file name that is no UTF-8 is text in Python, and in no file: it is written as
    ``\udcff``, as `text.visible` shows it.
    """
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8")


def truncate_utf8(text: str, max_bytes: int) -> str:
    """Return as much of a text as fits into so many bytes of UTF-8."""
    return text.encode("utf-8", "replace")[:max_bytes].decode("utf-8", "ignore")


def file_stem(text: str, max_bytes: int = 120) -> str:
    """Return what a file can be called for a text: letters and digits, ``_``, ``.`` and ``-``.

    Everything else becomes ``-``; "" if nothing is left. Most systems take names of 255 bytes.
    """
    return truncate_utf8(re.sub(r"[^\w.-]+", "-", text), max_bytes).strip("-")


def ascii_json(record: object) -> str:
    r"""Return a record as one line of JSON in plain ASCII: other characters are ``\uXXXX``.

    Numbers that are not finite become null. What UTF-8 cannot hold is written as by `encodable`.
    """
    import msgspec

    try:
        text = msgspec.json.encode(record).decode()
    except UnicodeEncodeError:
        text = msgspec.json.encode(_encodable_parts(msgspec.to_builtins(record))).decode()
    if text.isascii():
        return text
    # Outside of strings JSON is ASCII already.
    return "".join(each if each.isascii() else json.dumps(each)[1:-1] for each in text)


def _encodable_parts(value: Any) -> Any:
    if isinstance(value, str):
        return to_encodable(value)
    if isinstance(value, dict):
        return {to_encodable(str(key)): _encodable_parts(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable_parts(each) for each in value]
    return value


def make_streams_lenient() -> None:
    r"""Have stdout and stderr write what their encoding lacks in another way, and never fail on it.

    Our own signs become a word or two of ASCII, all else is escaped as Python does: ``\u4e2d``.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=READABLE)


def write_line(text: str, stream: TextIO | None) -> None:
    """Write a line; where the stream was closed before we began, nothing."""
    if stream is not None:
        stream.write(f"{text}\n")
        stream.flush()


def read_bytes(path: Path, error: type[TuitrainError] = TuitrainError) -> bytes:
    """Return the content of a file.

    Raises
    ------
    TuitrainError : it cannot be read
    """
    try:
        return path.read_bytes()
    except OSError as problem:
        raise error(f"{path} cannot be read: {problem.strerror}") from None


def _readable(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_instead, error.object[error.start : error.end])), error.end


def _instead(character: str) -> str:
    code = ord(character)
    if 0x2400 <= code < 0x2420 or code == 0x2421:  # the symbols of control characters
        return f"\\x{code - 0x2400 if code < 0x2420 else 0x7F:02x}"
    return _INSTEAD.get(character) or character.encode("unicode_escape").decode("ascii")


codecs.register_error(READABLE, _readable)
