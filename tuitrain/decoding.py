"""Decode JSON to typed values, with errors that say where, what was given and what is allowed.

All JSON files are decoded here, so that damaged bytes, values of a wrong type, numbers out of range
and deep nesting all raise one `TuitrainError`.
"""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

import msgspec

from .errors import TuitrainError, did_you_mean, join_or

_Value = TypeVar("_Value")

_EXCERPT = 80
"""Characters of the input that an error repeats."""


_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a string",
    "bool": "true or false",
    "object": "a table",
    "array": "a list",
    "null": "nothing",
}
_SIGNS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}


def _kinds(names: str) -> str:
    """Return the plain names of types, separated by ``|``."""
    return join_or(_KINDS.get(name.strip(), name.strip()) for name in names.split("|"))


_PHRASES: Final = (
    (
        re.compile(r"Expected `([^`]*)`, got `([^`]*)`"),
        lambda match: f"expected {_kinds(match[1])}, but got {_kinds(match[2])}",
    ),
    (
        re.compile(r"Expected `(\w+)` of length (>=|<=) (\d+)"),
        lambda match: f"expected {_kinds(match[1])} of length {_SIGNS[match[2]]} {match[3]}",
    ),
    (
        re.compile(r"Expected `(\w+)` of length (\d+)"),
        lambda match: f"expected {_kinds(match[1])} of length {match[2]}",
    ),
    (
        re.compile(r"Expected `(\w+)` (>=|<=|>|<) (\S+)"),
        lambda match: f"expected {_kinds(match[1])}, {_SIGNS[match[2]]} {match[3]}",
    ),
    (
        re.compile(r"Object missing required field `([^`]*)`"),
        lambda match: f"the key {match[1]!r} is missing",
    ),
    (
        re.compile(r"Object contains unknown field `([^`]*)`"),
        lambda match: f"there is no key {match[1]!r} here",
    ),
    (re.compile(r"Input data was truncated"), lambda _: "the data ends too early"),
    (re.compile(r" - at `\$\.?([^`]*)`"), lambda match: f" (at {match[1]})" if match[1] else ""),
)
"""Phrases of msgspec, and functions from a match to plain words."""


def decode_json(content: bytes, decoder: msgspec.json.Decoder[_Value], source: str) -> _Value:
    """Decode JSON to the type of a decoder.

    Parameters
    ----------
    content : UTF-8
    source : the input's name in errors: a file, or a file and a line

    Raises
    ------
    TuitrainError : the content is not JSON, or not of that type; names the source, the key, what is
        allowed there, and the beginning of the content
    """
    try:
        return decoder.decode(content)
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
        problem = describe_decode_error(error, decoder.type)
        raise TuitrainError(f"{source}: {problem} (given: {_excerpt(content)})") from None


def describe_decode_error(error: Exception, kind: Any = None) -> str:
    """Return one phrase that says why a value could not be decoded.

    Parameters
    ----------
    kind : the type to decode to; if it is a union of structs, the phrase names the allowed tags
    """
    match error:
        case RecursionError():
            return "lists or objects are nested too deeply"
        case UnicodeDecodeError():
            return f"not UTF-8 text (byte {error.object[error.start]:#04x})"
        case _:
            return plain_problem(_with_tags(str(error), kind))


def plain_problem(message: str) -> str:
    """Return msgspec's description of a wrong value in plain words."""
    for pattern, replacement in _PHRASES:
        message = pattern.sub(replacement, message)
    return message


def _with_tags(message: str, kind: Any) -> str:
    """Name the allowed tags if the message is about a wrong or missing tag."""
    structs = [
        member for member in getattr(kind, "__args__", ()) if hasattr(member, "__struct_config__")
    ]
    tag_fields = {struct.__struct_config__.tag_field for struct in structs}
    for field in tag_fields:
        allowed = [str(struct.__struct_config__.tag) for struct in structs]
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
