"""JSON to typed values, with errors that say where, what was given and what is allowed.

The files of JSON that tuitrain reads are decoded here, so that damaged bytes, values of another
type, numbers out of range and deep nesting all end in one `TuitrainError`.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from .errors import TuitrainError, did_you_mean, join_or

_Value = TypeVar("_Value")

_EXCERPT = 80
"""Characters of what was given that an error repeats."""


def decode_json(content: bytes, decoder: msgspec.json.Decoder[_Value], source: str) -> _Value:
    """Decode JSON to the type of a decoder.

    Parameters
    ----------
    content : UTF-8
    source : what errors call it: a file, or a file and a line

    Raises
    ------
    TuitrainError : it is no JSON, or not of that type; names the source, the key, what is allowed
        there, and the beginning of what was given
    """
    try:
        return decoder.decode(content)
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
        problem = describe_decode_error(error, decoder.type)
        raise TuitrainError(f"{source}: {problem} (given: {_excerpt(content)})") from None


def describe_decode_error(error: Exception, kind: Any = None) -> str:
    """Say in one phrase why a value could not be decoded.

    Parameters
    ----------
    kind : what it was decoded to; the allowed tags of a union of structs are named
    """
    match error:
        case RecursionError():
            return "lists or objects lie too deep in one another"
        case UnicodeDecodeError():
            return f"not UTF-8 text (byte {error.object[error.start]:#04x})"
        case _:
            return _with_tags(str(error), kind)


def _with_tags(message: str, kind: Any) -> str:
    """Add to a wrong or missing tag which ones are allowed."""
    structs = [each for each in getattr(kind, "__args__", ()) if hasattr(each, "__struct_config__")]
    tags = {each.__struct_config__.tag_field: each for each in structs}
    for field in tags:
        allowed = [str(each.__struct_config__.tag) for each in structs]
        wrong = re.fullmatch(rf"Invalid value '(.*)' - at `\$\.{field}`", message, re.DOTALL)
        if wrong:
            hint = did_you_mean(wrong[1], allowed)
            return f"{field} takes {join_or(allowed)}, but was given {wrong[1]!r:.60}{hint}"
        if f"`{field}`" in message or f"`$.{field}`" in message:
            return f"{message} (allowed: {join_or(allowed)})"
    return message


def _excerpt(content: bytes) -> str:
    text = content[:_EXCERPT].decode("utf-8", "backslashreplace")
    return f"{text!r}{'…' if len(content) > _EXCERPT else ''}"
