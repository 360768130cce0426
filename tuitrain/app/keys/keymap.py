"""The key table with the keys that the config file sets.

Every action of the table in `keys` can be configured by its name. A key is given as it is shown
(``f``, ``?``, ``ctrl+x``, ``space``, ``f5``) or by Textual's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol, runtime_checkable

from textual.keys import Keys, format_key

from tuitrain.errors import TuitrainError, did_you_mean

from ..terminal import key_name
from . import KEYS, Key

_WRITTEN: Final = {"backspace": "⌫", "escape": "esc", "enter": "enter", "tab": "tab"}
_MODIFIERS: Final = ("ctrl+", "shift+", "alt+")
_NAMED: Final = frozenset(entry.value for entry in Keys) | {"space"}
_FIXED: Final = ("palette", "suspend", "leave")
"""Actions that keep their key: the way out of a mistaken key map."""

Keymap = Mapping[str, str]
"""Keys, separated by commas, by the name of their action."""


class KeymapError(TuitrainError):
    """An invalid key map: an unknown action or key, or one key for two actions."""


def build_key_table(overrides: Keymap) -> tuple[Key, ...]:
    """Return the key table with some keys replaced.

    Raises
    ------
    KeymapError : the first mistake, with the allowed values
    """
    names = {key.name for key in KEYS} - set(_FIXED)
    for name in overrides:
        if name not in names:
            why = (
                " keeps its key"
                if name in _FIXED
                else f" is not an action{did_you_mean(name, names)}"
            )
            raise KeymapError(f"keys: {name!r}{why} (actions: {', '.join(sorted(names))})")
    table = tuple(
        _rebound(key, overrides[key.name]) if key.name in overrides else key for key in KEYS
    )
    _check_apart(table)
    return table


def textual_keymap(overrides: Keymap) -> dict[str, str]:
    """Return the key map for Textual, whose bindings have the names as ids."""
    return {name: ",".join(parse_keys(name, keys)) for name, keys in overrides.items()}


def parse_keys(name: str, keys: str) -> list[str]:
    """Return the Textual names of keys.

    Raises
    ------
    KeymapError : one of them is not a key
    """
    parts = [","] if keys.strip() == "," else [part.strip() for part in keys.split(",")]
    return [_named(name, part) for part in parts]


def find_conflict(table: Iterable[Key], name: str, key: str) -> Key | None:
    """Return the other action that has a key; None if there is none."""
    table = tuple(table)
    needs_cursor = any(entry.needs_cursor for entry in table if entry.name == name)
    others = (entry for entry in table if entry.name != name and entry.needs_cursor is needs_cursor)
    return next((entry for entry in others if key in entry.keys.split(",")), None)


def is_fixed(name: str) -> bool:
    """Return whether an action keeps its key."""
    return name in _FIXED


@runtime_checkable
class KeyTableOwner(Protocol):
    """An app whose keys the user may have changed."""

    key_table: Sequence[Key]


def key_table_of(app: object) -> Sequence[Key]:
    """Return the key table of an app: its own, or the default one."""
    return app.key_table if isinstance(app, KeyTableOwner) else KEYS


def key_label(app: Any, name: str) -> str:
    """Return how an app shows the key of an action: ``u`` for ``undo``."""
    return next(key.written for key in key_table_of(app) if key.name == name).split()[0]


def _rebound(key: Key, keys: str) -> Key:
    named = parse_keys(key.name, keys)
    return replace(key, keys=",".join(named), written=" ".join(map(display_key, named)))


def display_key(key: str) -> str:
    """Return a key as it is shown: ``?`` for ``question_mark``."""
    *before, last = key.rsplit("+", 1) if key.startswith(_MODIFIERS) else [key]
    return "+".join([*before, _WRITTEN.get(last) or format_key(last)])


def _named(name: str, text: str) -> str:
    if len(text) == 1:
        return key_name(text)
    start = next((len(entry) for entry in _MODIFIERS if text.startswith(entry)), 0)
    last = text[start:]
    known = last in _NAMED or text in _NAMED or (len(last) == 1 and last.isalnum() and start)
    if not known and len(format_key(last)) != 1:
        near = did_you_mean(text, _NAMED)
        raise KeymapError(
            f"keys: {name}: {text!r} is not a key{near} "
            "(such as f, ?, space, ctrl+x, f5; separate several with commas)"
        )
    return text


def _check_apart(table: Sequence[Key]) -> None:
    taken: dict[tuple[str, bool], str] = {}
    for entry in table:
        for key in entry.keys.split(","):
            other = taken.setdefault((key, entry.needs_cursor), entry.name)
            if other != entry.name:
                raise KeymapError(
                    f"keys: {display_key(key)!r} is the key of both {other} and {entry.name}; "
                    "give one of them another"
                )
